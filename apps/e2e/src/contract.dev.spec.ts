import { localCommandsSuite } from './contract/local-commands.suite';
import { contractSuite } from './contract/suite';

describe('the contract on one process', () => contractSuite('dev'));
describe('the command line without a server', localCommandsSuite);
