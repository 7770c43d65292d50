import { expect, test } from 'vitest'
import { toTargetUri } from '../../src/proof/target-uri.ts'

const uri = 'https://api.example.com/a/b'

test.each([
  ['as it is', uri, uri],
  ['scheme and host in capitals', 'HTTPS://API.Example.COM/a/b', uri],
  ['the default port', 'https://api.example.com:443/a/b', uri],
  ['an empty port', 'https://api.example.com:/a/b', uri],
  ['another port', 'https://api.example.com:8443/a/b', 'https://api.example.com:8443/a/b'],
  ['the default port of the other scheme', 'http://api.example.com:443/', 'http://api.example.com:443/'],
  ['query and fragment', `${uri}?x=/../y#z`, uri],
  ['no path', 'https://api.example.com', 'https://api.example.com/'],
  ['no path, but a query', 'https://api.example.com?a', 'https://api.example.com/'],
  ['dot segments', 'https://api.example.com/x/../a/./b', uri],
  ['escaped dot segments', 'https://api.example.com/x/%2e%2E/a/b', uri],
  ['an escaped letter', 'https://api.example.com/%61/%62', uri],
  ['escapes in lower case', 'https://api.example.com/a%2fb%c3%a9', 'https://api.example.com/a%2Fb%C3%A9'],
  ['an escaped tilde', 'https://api.example.com/%7ealice', 'https://api.example.com/~alice'],
  ['an escaped question mark', 'https://api.example.com/a%3Fb', 'https://api.example.com/a%3Fb'],
  ['an escape of an escape', 'https://api.example.com/%252e', 'https://api.example.com/%252e'],
  ['the path in capitals', 'https://api.example.com/A/b', 'https://api.example.com/A/b'],
  ['a slash at the end', 'https://api.example.com/a/b/', 'https://api.example.com/a/b/'],
  ['two slashes', 'https://api.example.com//a/b', 'https://api.example.com//a/b'],
  ['an IPv6 address', 'https://[2001:DB8:0:0::1]:443/', 'https://[2001:db8::1]/'],
  ['an IPv6 address with a port', 'http://[0:0:0:0:0:0:0:1]:8000/', 'http://[::1]:8000/'],
])('%s', (_name, text, expected) => {
  expect(toTargetUri(text)).toBe(expected)
})

test.each([
  ['nothing', ''],
  ['a path', '/a/b'],
  ['no scheme', '//api.example.com/a'],
  ['another scheme', 'ftp://api.example.com/a'],
  ['one slash', 'https:/api.example.com/a'],
  ['three slashes', 'https:///api.example.com/a'],
  ['credentials', 'https://user@api.example.com/a'],
  ['a host before an @', 'https://api.example.com:443@evil.example/a'],
  ['a backslash', String.raw`https://api.example.com\@evil.example/a`],
  ['a space', ' https://api.example.com/a'],
  ['a tab', 'https://api.example.com/\ta'],
  ['a line break', 'https://api.example.com/a\n'],
  ['letters beyond ASCII', 'https://api.example.com/é'],
  ['a broken IP address', 'https://[::1/a'],
  ['a port out of range', 'https://api.example.com:99999/a'],
])('not a target: %s', (_name, text) => {
  expect(toTargetUri(text)).toBeUndefined()
})
