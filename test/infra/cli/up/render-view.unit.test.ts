import { expect, test } from 'vitest'
import { newActor } from '../../../../actors/core/actor.ts'
import { decide } from '../../../../actors/core/decide.ts'
import { kindsByName } from '../../../../actors/definition/define-kind.ts'
import type { Figures } from '../../../../infra/app/live-figures.ts'
import { printable } from '../../../../infra/app/terminal-output.ts'
import { outcomeTexts } from '../../../../infra/cli/record-text.ts'
import { renderView, type ViewModel } from '../../../../infra/cli/up/render-view.ts'
import { message, timeAt } from '../../../support/core-helpers.ts'
import { tellerKind } from '../../../support/sender-kinds.ts'

const since = '2026-01-01T00:00:00.000Z'
const running = (position: number, lag: number) => ({ position, lag, ok: true, since, detail: 'running' })
const figures: Figures = {
  messagesIn: { total: 1234567, perSecond: 1500.4 },
  records: { total: 2, perSecond: 0.25 },
  replies: { total: 3, perSecond: 0 },
  deadLetters: { total: 4, perSecond: 0 },
  liveActors: 5,
  stages: new Map([
    ['project', { ...running(10, 7), ok: false, detail: 'ClickHouse is away' }],
    ['dispatch', running(17, 0)],
    ['tasks', running(0, 0)],
    ['host', running(17, 0)],
    ['serve', running(0, 0)],
  ]),
  kinds: new Map([
    ['support', { in: 1000, out: 900 }],
    ['reminder', { in: 7, out: 5 }],
    ['a-kind-with-a-long-name', { in: 2_000, out: 0 }],
  ]),
}
const model: ViewModel = {
  figures,
  upMs: 3_725_000,
  commands: ['one', 'two'],
  facts: [
    ['NATS', 'nats://127.0.0.1:4222'],
    ['ClickHouse', 'a'],
    ['HTTP', 'b'],
    ['log', 'c'],
  ],
}
const plain = (_: unknown, text: string): string => text

test('the line of a record shows what it sent to other actors', () => {
  const paid = { type: 'pay', data: { to: 'bob', no: 3 } }
  const actor = newActor({ tenant: 'acme', kind: 'teller', id: 'a1' })
  const decision = decide(kindsByName([tellerKind]), actor, message(1, paid), { now: timeAt(1), low: 0 }, true)
  expect(decision.kind === 'record' && outcomeTexts(decision.record, plain)).toEqual(['sends booked to ledger/bob, booked to ledger/bob'])
})

test('the view shows counts, rates, the lag of each stage and the problem of a stage', () => {
  const lines = renderView(model, plain).split('\n')

  expect(lines[0]).toContain('up 1:02:05')
  expect(lines.find((line) => line.includes('messages in'))).toMatch(/1,234,567\s+1,500\/s.*replies\s+3\s+0\.0\/s/)
  expect(lines.find((line) => line.includes('project'))).toMatch(/project\s+10\s+7.* ClickHouse is away/)
  expect(lines.find((line) => line.includes('NATS'))).toContain('nats://127.0.0.1:4222')
})

test('the view shows inputs and events of the kinds, the busiest first', () => {
  const lines = renderView(model, plain).split('\n')

  const at = lines.findIndex((line) => /stage.*kind/.test(line))
  expect(lines[at + 1]).toMatch(/project\s+10\s+7 +a-kind-with-…\s+2,000\s+0 ClickHouse is away/)
  expect(lines[at + 2]).toMatch(/dispatch\s+17\s+0 +support\s+1,000\s+900$/)
  expect(lines[at + 3]).toMatch(/tasks\s+0\s+0 +reminder\s+7\s+5$/)
  for (const line of lines.slice(at + 2, at + 6)) expect(line.length).toBeLessThanOrEqual(80)
})

test('a kind has a row where there are fewer stages than kinds', () => {
  expect(renderView({ ...model, figures: { ...figures, stages: new Map() } }, plain)).toMatch(/^ {40,}support\s+1,000\s+900$/m)
})

test('the view fits into 24 lines, with room for two that wrap', () => {
  expect(renderView({ ...model, demo: 'begins' }, plain).split('\n').length).toBeLessThanOrEqual(22)
})

test('control characters in a text do not reach the terminal', () => {
  expect(printable('a\u001b[2Jb\r\n\u202ec你好 🙂')).toBe('a\\u001b[2Jb\\u000d\\u000a\\u202ec你好 🙂')
})
