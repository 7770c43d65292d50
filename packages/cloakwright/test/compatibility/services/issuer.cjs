// A small realm: one key, its documents, and tokens.
const { generateKeyPairSync, sign } = require('node:crypto')
const { createServer } = require('node:http')
const { once } = require('node:events')

module.exports = async function startIssuer() {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const jwk = { ...publicKey.export({ format: 'jwk' }), kid: 'one', alg: 'RS256', use: 'sig' }
  const server = createServer((request, response) => {
    const isDiscovery = request.url.endsWith('/openid-configuration')
    response.setHeader('content-type', 'application/json')
    response.end(JSON.stringify(isDiscovery ? { issuer, jwks_uri: `${issuer}/certs` } : { keys: [jwk] }))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const issuer = `http://127.0.0.1:${server.address().port}/realms/shop`
  const encode = (value) => Buffer.from(JSON.stringify(value)).toString('base64url')
  return {
    issuer,
    tokenOf(...roles) {
      const iat = Math.floor(Date.now() / 1000)
      const claims = { iss: issuer, aud: 'shop-api', sub: 'f1c9a4b2', typ: 'Bearer', iat, exp: iat + 300 }
      const payload = { ...claims, preferred_username: 'alice', realm_access: { roles } }
      const signed = `${encode({ alg: 'RS256', kid: 'one' })}.${encode(payload)}`
      return `${signed}.${sign('sha256', signed, privateKey).toString('base64url')}`
    },
    close() {
      server.close()
      server.closeAllConnections()
    },
  }
}
