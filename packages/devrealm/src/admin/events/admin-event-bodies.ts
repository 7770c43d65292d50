import { secretMask } from '../representations/index.ts'
import type { AnyCall } from '../request/index.ts'
import type { Body } from './admin-event-rule.ts'

export const withoutCredentials = ({ credentials: _secret, ...user }: Body): Body => user

export const maskedClient = (body: Body): Body =>
  body['secret'] === undefined ? body : { ...body, secret: secretMask }

export const plainRole = (body: Body): Body => ({ composite: false, ...body })

export const plainGroup = (body: Body): Body => ({
  ...body,
  subGroups: ((body['subGroups'] ?? []) as Body[]).map(plainGroup),
})

export const plainMapper = (body: Body): Body => ({ consentRequired: false, ...body })

export const maskedSecret: Body = { type: 'secret', value: secretMask }

export const maskedConfig = (body: Body): Body => ({
  ...body,
  config: Object.fromEntries(Object.keys((body['config'] ?? {}) as object).map((name) => [name, secretMask])),
})

export const maskedRealm = (body: Body): Body => {
  const smtp = body['smtpServer'] as Body | undefined
  return smtp?.['password'] === undefined ? body : { ...body, smtpServer: { ...smtp, password: secretMask } }
}

export const roleList = ({ body }: AnyCall): unknown => (body as Body[]).map(plainRole)
