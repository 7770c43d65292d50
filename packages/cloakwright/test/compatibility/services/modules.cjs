// A service in CommonJS: the exports of each module with require().
require('reflect-metadata')
module.exports = {
  core: require('cloakwright'),
  clients: require('cloakwright/clients'),
  session: require('cloakwright/session'),
  state: require('cloakwright/state'),
  fastify: require('cloakwright/fastify'),
  express: require('cloakwright/express'),
  hono: require('cloakwright/hono'),
  web: require('cloakwright/web'),
  nest: require('cloakwright/nest'),
  websocket: require('cloakwright/websocket'),
  Keycloak: require('cloakwright/keycloak-connect'),
}
