import type { FastifyReply } from 'fastify'
import { type LoginTab, randomToken } from '../../context/index.ts'
import type { LoginContext } from '../login-context.ts'
import { actionUrl, isLoginStep, type LoginStepName } from '../urls.ts'
import { consentStep } from './consent.ts'
import { otpStep } from './otp.ts'
import { passwordStep } from './password.ts'
import { actionStep } from './required-action.ts'
import { type LoginStep, type StepMessage, userOf } from './step.ts'

const loginSteps: Readonly<Record<LoginStepName, LoginStep>> = {
  password: passwordStep,
  otp: otpStep,
  consent: consentStep,
}

/** The current step of the tab. */
export function stepOf({ step }: LoginTab): LoginStep {
  return isLoginStep(step) ? loginSteps[step] : actionStep
}

/** Shows the page of the tab's step. Its form has a new session code, so earlier pages expire. */
export function showStep(login: LoginContext, tab: LoginTab, message: StepMessage = {}): FastifyReply {
  tab.sessionCode = randomToken(32)
  return stepOf(tab).show(login, {
    tab,
    user: userOf(login, tab),
    action: actionUrl(login, tab, { code: true }),
    restart: actionUrl(login, tab, { path: 'restart' }),
    message,
  })
}
