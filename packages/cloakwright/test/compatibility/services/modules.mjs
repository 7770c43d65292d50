// A service in ES modules: the exports of each module with import.
import 'reflect-metadata'

export * as core from 'cloakwright'
export * as clients from 'cloakwright/clients'
export * as express from 'cloakwright/express'
export * as fastify from 'cloakwright/fastify'
export * as hono from 'cloakwright/hono'
export { default as Keycloak } from 'cloakwright/keycloak-connect'
export * as nest from 'cloakwright/nest'
export * as session from 'cloakwright/session'
export * as state from 'cloakwright/state'
export * as web from 'cloakwright/web'
export * as websocket from 'cloakwright/websocket'
