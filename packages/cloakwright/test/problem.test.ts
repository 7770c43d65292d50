import { CloakwrightError, type ErrorCode, errorStatus, toProblem } from 'cloakwright'
import { expect, test } from 'vitest'

const inside = 'what only the log may know'
const codes = Object.keys(errorStatus) as ErrorCode[]

test.each(
  codes.filter((code) => errorStatus[code] !== 400 && errorStatus[code] !== 404 && errorStatus[code] !== 409),
)('%s shows a client the status, the code and a fixed text', (code) => {
  const problem = toProblem(new CloakwrightError(code, inside, { hint: inside }), 'req-1')
  expect(problem).toMatchObject({ type: 'about:blank', status: errorStatus[code], code, requestId: 'req-1' })
  expect(problem.title).not.toBe('')
  expect(JSON.stringify(problem)).not.toContain(inside)
})

test.each([
  ['a driver’s error', Object.assign(new Error(inside), { code: '23505' }), 500, 'HTTP_500'],
  [
    'a framework’s refusal',
    Object.assign(new Error('Body too large'), { statusCode: 413, code: 'FST_X' }),
    413,
    'FST_X',
  ],
  ['an upstream’s response', Object.assign(new Error(inside), { status: 503 }), 503, 'HTTP_503'],
  ['a status out of range', Object.assign(new Error(inside), { statusCode: 200 }), 500, 'HTTP_500'],
  ['no error at all', inside, 500, 'HTTP_500'],
  ['null', null, 500, 'HTTP_500'],
])('%s keeps its status, and from 500 on its message is not shown', (_name, error, status, code) => {
  const problem = toProblem(error, 'req-1')
  expect(problem).toMatchObject({ status, code })
  expect(JSON.stringify(problem)).not.toContain(inside)
})
