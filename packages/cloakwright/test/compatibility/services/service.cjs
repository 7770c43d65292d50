// `node service.cjs commonjs|esm`: prints the responses of each framework on this Node.
const applications = require('./applications.cjs')
const startIssuer = require('./issuer.cjs')

async function main() {
  const modules = process.argv[2] === 'esm' ? await import('./modules.mjs') : require('./modules.cjs')
  const realm = await startIssuer()
  const verifier = modules.core.createVerifier({ issuer: realm.issuer, audience: 'shop-api' })
  const { username } = await verifier.verify(realm.tokenOf())
  const others = [typeof modules.session.createSessions, typeof modules.state.memorySessionStore]
  const bearer = (...roles) => ({ authorization: `Bearer ${realm.tokenOf(...roles)}` })
  const answers = {}
  for (const [name, create] of Object.entries(applications)) {
    const app = await create(verifier, modules, realm.issuer)
    answers[name] = [
      await app.get('/me', bearer()),
      await app.get('/me', {}),
      await app.get('/admin', bearer()),
      await app.get('/admin', bearer('admin')),
    ]
    await app.close()
  }
  realm.close()
  process.stdout.write(JSON.stringify({ version: process.versions.node, username, others, answers }))
}

void main()
