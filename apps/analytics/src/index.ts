export type { AnalyticsDeps, AnalyticsSettings } from './analytics-deps';
export { startAnalytics, type RunningAnalytics } from './start-analytics';
