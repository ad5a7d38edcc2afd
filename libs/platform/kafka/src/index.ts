export type { KafkaTiming, KafkaTransportOptions } from './kafka-settings';
export { KafkaTransport } from './kafka-transport';
