import { contractSuite } from './contract/suite';

describe('the contract on the services', () => contractSuite('services'));
