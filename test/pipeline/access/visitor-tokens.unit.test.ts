import { randomBytes } from 'node:crypto'
import { SignJWT, UnsecuredJWT } from 'jose'
import { expect, test } from 'vitest'
import { createVisitorTokens, VISITOR_PREFIX, VISITOR_TOKEN_MS } from '../../../pipeline/access/visitor-tokens.ts'

const KEY = randomBytes(32)
const ADDRESS = { tenant: 'acme', kind: 'support', id: 'web-1' }
const SUBJECT = 'acme/support/web-1'
const tokens = createVisitorTokens(KEY)

const signed = (change: (jwt: SignJWT) => SignJWT, key: Uint8Array = KEY, alg = 'HS256'): Promise<string> =>
  change(
    new SignJWT()
      .setProtectedHeader({ alg })
      .setIssuer('colloquy')
      .setAudience('visitor')
      .setSubject(SUBJECT)
      .setExpirationTime(Math.floor(Date.now() / 1_000) + 60),
  )
    .sign(key)
    .then((jwt) => VISITOR_PREFIX + jwt)

test('a token names its conversation until it expires', async () => {
  let nowMs = Date.parse('2026-01-01T00:00:00Z')
  const clocked = createVisitorTokens(KEY, () => nowMs)
  const { token, expiresAt } = await clocked.issue(ADDRESS)
  expect(expiresAt).toBe('2026-01-02T00:00:00.000Z')
  nowMs += VISITOR_TOKEN_MS - 1_000
  expect(await clocked.read(token)).toEqual(ADDRESS)
  nowMs += 1_000
  expect(await clocked.read(token)).toBeUndefined()
})

test('the longest address fits', async () => {
  const longest = { tenant: 't'.repeat(128), kind: 'k'.repeat(128), id: 'i'.repeat(128) }
  expect(await tokens.read((await tokens.issue(longest)).token)).toEqual(longest)
})

test('a token that is forged is refused', async () => {
  expect(await tokens.read(await signed((jwt) => jwt))).toEqual(ADDRESS)
  const { token } = await tokens.issue(ADDRESS)
  const [head = '', payload = '', signature = ''] = token.slice(VISITOR_PREFIX.length).split('.')
  const other = Buffer.from(Buffer.from(payload, 'base64url').toString().replace('web-1', 'web-2')).toString('base64url')
  const none = new UnsecuredJWT().setIssuer('colloquy').setAudience('visitor').setSubject(SUBJECT).setExpirationTime('1 hour').encode()
  const forged = {
    'changed conversation': `${VISITOR_PREFIX}${head}.${other}.${signature}`,
    'alg none': VISITOR_PREFIX + none,
    'alg none, signature kept': `${VISITOR_PREFIX}${Buffer.from('{"alg":"none"}').toString('base64url')}.${payload}.${signature}`,
    'another algorithm': await signed((jwt) => jwt, randomBytes(64), 'HS512'),
    'another key': await signed((jwt) => jwt, randomBytes(32)),
    'another audience': await signed((jwt) => jwt.setAudience('operator')),
    'another issuer': await signed((jwt) => jwt.setIssuer('somebody')),
    expired: await signed((jwt) => jwt.setExpirationTime(1_000)),
    'no expiry': await new SignJWT()
      .setProtectedHeader({ alg: 'HS256' })
      .setIssuer('colloquy')
      .setAudience('visitor')
      .setSubject(SUBJECT)
      .sign(KEY)
      .then((jwt) => VISITOR_PREFIX + jwt),
    'no conversation': await signed((jwt) => jwt.setSubject('')),
    wildcards: await signed((jwt) => jwt.setSubject('acme/*/>')),
    oversized: await signed((jwt) => jwt.setJti('x'.repeat(2_000))),
    'without prefix': token.slice(VISITOR_PREFIX.length),
    empty: VISITOR_PREFIX,
  }
  for (const [name, one] of Object.entries(forged)) expect([name, await tokens.read(one)]).toEqual([name, undefined])
})
