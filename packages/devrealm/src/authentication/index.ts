export { isLockedOut, recordFailure } from './brute-force.ts'
export { base32, hasOtp, newOtpSecret, otpCredential, takeOtp } from './otp.ts'
export {
  configureTotpAlias,
  isActionEnabled,
  missingProfileFields,
  pendingActions,
  verifyProfileAlias,
  withoutAction,
} from './pending-actions.ts'
export { verifyUser } from './verify-user.ts'
