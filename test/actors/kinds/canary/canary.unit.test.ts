import { expect, test } from 'vitest'
import { canaryKind } from '../../../../actors/kinds/canary/kind.ts'
import { given } from '../../../../actors/testkit/scenario.ts'

const minute = '2026-11-20T10:00:00.000Z'
const sentAt = '2026-11-20T10:00:00.012Z'

test('a canary is answered by an event for its minute', () => {
  const before = { minute: '2026-11-20T09:59:00.000Z', reachedMs: 12 }
  const answered = given(canaryKind)
    .when('canary.sent', { minute, sentAt })
    .thenEmitted('canary.reached', { minute, sentAt })
    .when('canary.sent', { minute, sentAt, before })
    .thenEmitted('canary.reached', { minute, sentAt })
  expect(answered.records.at(-1)?.label).toEqual({ conversation: false })
})

test('a canary without its minute is rejected', () => {
  given(canaryKind).whenRaw({ type: 'canary.sent', data: { sentAt } }).thenRejected('bad_data')
})
