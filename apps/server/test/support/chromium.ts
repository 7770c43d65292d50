export { startChromium } from '../../../../packages/cloakwright/test/support/chromium.ts'
