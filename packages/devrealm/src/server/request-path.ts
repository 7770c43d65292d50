import type { FastifyInstance } from 'fastify'

/** Rejects paths that are not normalized, like Keycloak: `//`, `/./`, `/../`, and parameters after `;`. */
export function refuseOddPaths(app: FastifyInstance): void {
  app.addHook('onRequest', async (request, reply) => {
    const path = request.url.replace(/[?#].*$/s, '')
    const refusal = oddPath(path)
    if (refusal !== undefined) await reply.code(400).send(refusal)
  })
}

function oddPath(path: string): { error: string; error_description: string } | undefined {
  if (path.includes(';')) {
    return {
      error: 'invalidCharacter',
      error_description: "Request path contains invalid character ';'",
    }
  }
  const steps = path.replace(/%2e/gi, '.').split('/')
  const isOdd = path.includes('//') || steps.some((step) => step === '.' || step === '..')
  return isOdd
    ? { error: 'missingNormalization', error_description: 'Request path not normalized' }
    : undefined
}
