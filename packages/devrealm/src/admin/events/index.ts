export { eventsOf, recordEvent, recordsAdminEvents } from './admin-events.ts'
export { eventRoutes } from './events.ts'
