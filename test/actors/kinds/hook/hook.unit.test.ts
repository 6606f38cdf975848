import { expect, test } from 'vitest'
import { hookKind } from '../../../../actors/kinds/hook/kind.ts'
import { explore } from '../../../../actors/testkit/explore/explore.ts'
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

test('random walks find no fault, and each change is told', () => {
  const { unreached, ineffective } = explore(hookKind, {
    runs: 50,
    restingStates: ['active'],
    events: { 'hook.set': [HOOK, { ...HOOK, type: 'message.sent' }] },
    invariant({ context: { hook, beginnings }, records }) {
      if (hook !== null && beginnings === 0) return 'it is set, and never began'
      const told = records.flatMap(({ emitted }) => emitted)
      return told.every(({ data }) => JSON.stringify(data['hook']) === JSON.stringify(hook)) ? undefined : 'it tells of another hook'
    },
  })
  expect({ unreached, ineffective }).toEqual({ unreached: [], ineffective: [] })
})
