export { systemClock, type Clock } from './clock';
export { parseDuration } from './duration';
export { formatTime } from './format-time';
