export type { EventGap, FollowOptions } from './event-reader.ts'
export type { AdminEvent, FollowEventsOptions, UserEvent } from './follow-events.ts'
export { followEvents, followUserEvents } from './follow-events.ts'
