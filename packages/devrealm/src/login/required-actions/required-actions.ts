import { configureTotpAlias, verifyProfileAlias } from '../../authentication/index.ts'
import { configureTotp } from './configure-totp.ts'
import type { RequiredActionStep } from './required-action.ts'
import { updatePassword } from './update-password.ts'
import { updateProfile } from './update-profile.ts'

/** The required action with this alias; `undefined` if the embedded realm has no page for it. */
export function requiredActionStep(alias: string): RequiredActionStep | undefined {
  return Object.hasOwn(requiredActions, alias) ? requiredActions[alias] : undefined
}

const requiredActions: Readonly<Record<string, RequiredActionStep>> = {
  UPDATE_PASSWORD: updatePassword,
  [configureTotpAlias]: configureTotp,
  [verifyProfileAlias]: updateProfile,
  UPDATE_PROFILE: updateProfile,
}
