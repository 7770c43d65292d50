import { parseUri } from './uri-syntax.ts'
import { type Finding, flagOption, type Options, type Validator } from './validator.ts'

/** The schemes of Java's `java.net.URL`. */
const protocols = ['file', 'ftp', 'http', 'https', 'jar', 'jmod', 'jrt', 'mailto']

/** `uri`: a URI with one of the schemes (default http and https), by default also a valid URL. */
export const uri: Validator = (values, options) =>
  values.filter((value) => value !== '').flatMap((value) => findingsOf(value, options))

function findingsOf(value: string, options: Options): readonly Finding[] {
  const parsed = parseUri(value)
  if ('problem' in parsed) return [['error-invalid-uri', value, parsed.problem]]
  const { scheme, fragment } = parsed
  const given: unknown = options['allowedSchemes']
  const schemes: readonly unknown[] = Array.isArray(given) ? given : ['http', 'https']
  const found: Finding[] = []
  if (scheme !== undefined && !schemes.includes(scheme)) {
    found.push(['error-invalid-uri-scheme', value, scheme])
  }
  if (fragment !== undefined && !flagOption(options['allowFragment'], true)) {
    found.push(['error-invalid-uri-fragment', value, fragment])
  }
  if (found.length > 0 || !flagOption(options['requireValidUrl'], true)) return found
  const problem = urlProblem(scheme, parsed.port)
  return problem === undefined ? [] : [['error-invalid-uri', value, problem]]
}

/** The error of `java.net.URL` for a URI. */
function urlProblem(scheme: string | undefined, port = ''): string | undefined {
  if (scheme === undefined) return 'URI is not absolute'
  if (!protocols.includes(scheme.toLowerCase())) return `unknown protocol: ${scheme}`
  if (port !== '' && !/^[+-]?\d{1,9}$/.test(port)) return `Error at index 0 in: "${port}"`
  return Number(port) < -1 ? `Invalid port number :${port}` : undefined
}
