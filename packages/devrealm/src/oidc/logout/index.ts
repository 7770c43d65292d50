/** The end of sessions, and OpenID Connect Back-Channel Logout 1.0 to their clients. */
export { endClientSession, endOfflineSession, endSession } from './end-session.ts'
export { type FrontChannelLogout, frontChannelLogouts } from './front-channel.ts'
export { logoutNotices } from './logout-notices.ts'
