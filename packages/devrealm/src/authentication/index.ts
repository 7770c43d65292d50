/**
 * User authentication. In: a user name, a password, a one-time code. Out: the user, or a refusal without details, and the
 * pending required actions. The password grant and login/ use it.
 */
export { isLockedOut, recordFailure } from './brute-force.ts'
export { base32, hasOtp, newOtpSecret, otpCredential, takeOtp } from './otp.ts'
export {
  configureTotpAlias,
  isActionEnabled,
  keepVerifyEmail,
  missingProfileFields,
  pendingActions,
  verifyEmailAlias,
  verifyProfileAlias,
  withoutAction,
} from './pending-actions.ts'
export { verifyUser } from './verify-user.ts'
