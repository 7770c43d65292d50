/** Logins for devices (RFC 8628): the start, the page for the user code, the user's consent. */
export { takeConsent } from './consent.ts'
export { deviceEndpoint, deviceStatus } from './device-endpoint.ts'
