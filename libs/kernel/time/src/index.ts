export { systemClock, type Clock } from './clock';
export { LONGEST_DURATION, parseDuration } from './duration';
export { formatTime } from './format-time';
