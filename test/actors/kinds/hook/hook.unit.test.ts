import { expect, test } from 'vitest'
import { hookKind } from '../../../../actors/kinds/hook/kind.ts'
import { given } from '../../../../actors/testkit/scenario.ts'
import { hookSet } from '../../../../schemas/hook-events.ts'

const HOOK = { type: 'case.closed', url: 'https://example.com/in' }

test('tells of each change once', () => {
  given(hookKind, { tenant: 'acme', id: 'crm' })
    .when('hook.set', HOOK)
    .thenEmitted('hook.changed', { hook: HOOK })
    .when('hook.set', HOOK)
    .thenNotEmitted()
    .when('hook.removed', {})
    .thenEmitted('hook.changed', { hook: null })
    .when('hook.removed', {})
    .thenNotEmitted()
})

test.each([
  { url: 'ftp://example.com/' },
  { url: 'example.com' },
  { url: 'https://me:secret@example.com/' },
  { url: `https://example.com/${'x'.repeat(2_048)}` },
  { type: 'message sent' },
  { type: 'message.>' },
  { type: '' },
  { kind: 'a.b' },
])('refuses %o', (wrong) => expect(hookSet.safeParse({ ...HOOK, ...wrong }).success).toBe(false))
