import { expect, test } from 'vitest'
import { migrate } from '../../../../actors/core/migrate.ts'
import { createTriggerKind } from '../../../../actors/kinds/trigger/trigger-kind.ts'

const nowhere = async (): Promise<void> => undefined
const trigger = createTriggerKind({ channels: { hook: nowhere, chat: nowhere, mail: nowhere } })
const AT = '2026-01-01T00:00:00.000Z'

const settings = {
  series: 'pump',
  when: 'value > 80.0',
  hold: '0s',
  priority: 'normal',
  lang: 'en',
  escalation: [{ after: '0s', actions: [{ to: 'hook', url: 'https://example.com/alerts' }] }],
}
const facts = { alert: 'hot-1', series: 'pump', priority: 'normal' }
const raised = { ...facts, title: 'Hot', when: 'value > 80.0', value: 85, since: AT }

test('an alert of version 1 goes on: what waited is sent by the present rules, and all of its steps count as told', () => {
  const run = { child: 'hook', task: 'hook', startedAt: AT, deadlineAt: AT }
  const state = {
    value: { alert: { raised: 'waiting' }, hook: 'sending', chat: 'idle', mail: 'idle' },
    context: {
      id: 'hot',
      settings,
      revision: 1,
      watch: null,
      met: { at: AT, value: 85 },
      alert: { id: 'hot-1', at: Date.parse(AT), since: AT, value: 85, step: 1 },
      alerts: 1,
      waiting: [{ channel: 'hook', to: 'https://example.com/alerts', about: 'raised', text: 'Alert', alert: raised }],
    },
    history: {},
    entered: {},
    tasks: { r1: run },
    timers: {},
  }
  const migrated = migrate(trigger, { machine: 'trigger@1', status: 'active' }, state, AT)
  expect(migrated.state.value).toEqual({ alert: { raised: 'waiting' }, notifying: 'idle' })
  expect(migrated.state.context).toMatchObject({
    alert: { id: 'hot-1', step: 1, isSeen: false, told: [[0, 0]] },
    outbox: [{ about: 'raised', to: 'https://example.com/alerts', place: [0, 0], attempts: 0, lane: null }],
  })
  expect(migrated.actions).toEqual([{ type: 'xstate.stopChild', params: 'hook' }])
})
