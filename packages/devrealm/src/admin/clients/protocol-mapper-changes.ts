import type { ProtocolMapper } from '../../model/index.ts'
import { conflict, notFound } from '../errors.ts'
import { hasTwice, newId } from '../ids.ts'
import type { MapperBody } from '../representations/index.ts'

/**
 * The mappers in the body of a client or client scope: an existing one keeps its id.
 *
 * @throws {AdminError} `isTaken` for a duplicate id or name
 */
export function newMappers(
  bodies: readonly MapperBody[],
  isTaken: () => Error,
  before: readonly ProtocolMapper[] = [],
): ProtocolMapper[] {
  const idOf = ({ name, protocol }: ProtocolMapper): string | undefined =>
    before.find((each) => each.name === name && each.protocol === protocol)?.id
  const mappers = bodies.map((body) => {
    const mapper = newMapper(body)
    return { ...mapper, id: body.id ?? idOf(mapper) ?? mapper.id }
  })
  if (hasTwice(mappers.map(({ id }) => id))) throw isTaken()
  if (hasTwice(mappers.map(({ name, protocol }) => `${protocol}\0${name}`))) throw isTaken()
  return mappers
}

/**
 * Builds a mapper from a body.
 *
 * @throws {AdminError} 404 for a type of mapper that Keycloak does not have
 */
export function newMapper(body: MapperBody): ProtocolMapper {
  const type = body.protocolMapper
  if (type === undefined || !types.has(type)) throw notFound('ProtocolMapper provider not found')
  const config = Object.entries(body.config ?? {}).filter(([, value]) => (value as string | null) !== null)
  return {
    id: newId(noIds, body.id),
    name: body.name ?? '',
    protocol: body.protocol ?? 'openid-connect',
    protocolMapper: type,
    consentRequired: body.consentRequired ?? false,
    config: Object.fromEntries(config),
  }
}

/** Ids are unique within a client or client scope: the caller compares them with the existing ones. */
const noIds = new Map<string, unknown>()

export function requireFreeName(mappers: readonly ProtocolMapper[], mapper: ProtocolMapper): void {
  const isSame = (each: ProtocolMapper): boolean =>
    each.id === mapper.id || (each.name === mapper.name && each.protocol === mapper.protocol)
  if (mappers.some(isSame)) {
    throw conflict('Protocol mapper exists with same name')
  }
}

/** Keycloak 26's types of protocol mappers. */
const types: ReadonlySet<string> = new Set(
  `docker-v2-allow-all-mapper saml-audience-mapper saml-audience-resolve-mapper saml-authn-context-class-ref-mapper
  saml-group-membership-mapper saml-hardcode-attribute-mapper saml-hardcode-role-mapper saml-organization-group-membership-mapper
  saml-organization-membership-mapper saml-role-list-mapper saml-role-name-mapper saml-user-attribute-mapper
  saml-user-attribute-nameid-mapper saml-user-property-mapper saml-user-session-note-mapper oidc-acr-mapper oidc-address-mapper
  oidc-allowed-origins-mapper oidc-amr-mapper oidc-audience-mapper oidc-audience-resolve-mapper oidc-claims-param-token-mapper
  oidc-claims-param-value-idtoken-mapper oidc-full-name-mapper oidc-group-membership-mapper oidc-hardcoded-claim-mapper
  oidc-hardcoded-role-mapper oidc-nonce-backwards-compatible-mapper oidc-organization-group-membership-mapper
  oidc-organization-membership-mapper oidc-role-name-mapper oidc-session-state-mapper oidc-sha256-pairwise-sub-mapper oidc-sub-mapper
  oidc-usermodel-attribute-mapper oidc-usermodel-client-role-mapper oidc-usermodel-property-mapper
  oidc-usermodel-realm-role-mapper oidc-usersessionmodel-note-mapper`.split(/\s+/),
)
