export { eventsOf, isEnabled, recordEvent } from './admin-events.ts'
export { eventRoutes } from './events.ts'
