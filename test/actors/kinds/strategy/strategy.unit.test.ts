import { describe, expect, test } from 'vitest'
import { strategyKind } from '../../../../actors/kinds/strategy/strategy-kind.ts'
import { explore } from '../../../../actors/testkit/explore/explore.ts'
import { given, type Scenario } from '../../../../actors/testkit/scenario.ts'
import { WRITING_LIMITS } from '../../../../schemas/writing-events.ts'

type Story = Scenario<typeof strategyKind>

const WRITER = { source: 'colloquy/test/writer/w-1' }
const ARMS = [
  { id: 'short', length: 40 },
  { id: 'friendly', tone: 'friendly', prompt: 'write', version: 2 },
]

const story = (): Story => given(strategyKind, { id: 'news' })
const set = (arms: { id: string; length?: number; tone?: string; version?: number }[] = ARMS, from = story()): Story =>
  from.when('strategy.set', { arms })
const asked = (choice: string, from = set()): Story => from.when('choice.asked', { choice })
const rewarded = (choice: string, reward: number, from: Story): Story => from.when('reward.given', { choice, reward })
const chosenIn = ({ records }: Story): unknown[] =>
  records.flatMap(({ emitted }) =>
    emitted.flatMap(({ type, data }) => (type === 'choice.made' ? [(data['arm'] as { id: string }).id] : [])),
  )

describe('a strategy', () => {
  test('has the built-in prompt as its only arm before any is set', () => {
    asked('c-1', story())
      .thenEmitted('choice.made', { choice: 'c-1', arm: { id: 'default', prompt: 'write', version: 0 } })
      .thenLabel({ arms: 1, open: 1, chosen: 1, best: 'default' })
  })

  test('tells an actor that asks, and nobody where a producer asks', () => {
    set().when('choice.asked', { choice: 'c-1' }, WRITER).thenSent('writer', 'w-1', 'choice.made', { choice: 'c-1', feedback: '1d' })
    expect(asked('c-1').records.at(-1)?.sent ?? []).toEqual([])
  })

  test('gives an open choice the same arm again, and counts it once', () => {
    let now = set()
    for (let time = 0; time < 20; time++) now = now.when('choice.asked', { choice: 'c-1' }, WRITER)
    expect(chosenIn(now)).toHaveLength(1)
    now.thenLabel({ open: 1, chosen: 1 })
    const sent = now.records.flatMap((record) => record.sent ?? [])
    expect(new Set(sent.map(({ data }) => JSON.stringify(data))).size).toBe(1)
  })

  test('learns from a reward, once for each choice', () => {
    const first = asked('c-1')
    const [arm] = chosenIn(first)
    const once = rewarded('c-1', 0.75, first).thenEmitted('choice.rewarded', { choice: 'c-1', reward: 0.75, by: 'feedback' })
    const twice = rewarded('c-1', 1, once).thenEmitted('reward.ignored', { choice: 'c-1', reason: 'not_open' })
    expect(twice.context.arms.find(({ id }) => id === arm)).toMatchObject({ chosen: 1, rewarded: 1, reward: 0.75 })
    expect(twice.context.open).toEqual([])
  })

  test.each([1.01, -0.01, Number.NaN, '1'])('refuses the reward %s', (reward) => {
    asked('c-1')
      .whenRaw({ type: 'reward.given', data: { choice: 'c-1', reward } })
      .thenRejected('bad_data')
  })

  test('ignores the reward of a choice that it does not know, and says so', () => {
    rewarded('elsewhere', 1, set()).thenEmitted('reward.ignored', { choice: 'elsewhere' }).thenLabel({ rewarded: 0 })
  })

  test.each([
    ['no arms', []],
    ['10,000 arms', Array.from({ length: 10_000 }, (_, index) => ({ id: `a-${index}` }))],
    ['two arms of one id', [{ id: 'a' }, { id: 'a', length: 50 }]],
    ['an arm of no words', [{ id: 'a', length: 0 }]],
    ['an arm of a version below 0', [{ id: 'a', version: -1 }]],
  ])('refuses %s', (_, arms) => {
    set(arms).thenRejected('bad_data')
  })

  test('that is set to the same again changes nothing', () => {
    set(ARMS, rewarded('c-1', 1, asked('c-1')))
      .thenNothing()
      .thenLabel({ rewarded: 1 })
  })

  test('keeps what it learned of an arm that stays, and forgets what changes', () => {
    let now = set()
    for (let index = 0; index < 12; index++) now = rewarded(`c-${index}`, 0.5, asked(`c-${index}`, now))
    for (let index = 0; index < 12; index++) now = asked(`open-${index}`, now)
    const [kept, changed] = now.context.arms
    const openOf = (no: number | undefined) => now.context.open.flatMap(({ choice, arm }) => (arm === no ? [choice] : []))
    const dropped = openOf(changed?.no)
    expect(dropped.length).toBeGreaterThan(0)
    const after = set(
      [
        { id: 'short', length: 40 },
        { id: 'friendly', tone: 'warm' },
      ],
      now,
    )
      .thenEmitted('strategy.changed', { reason: 'set', forgotten: [{ arm: 'friendly', chosen: changed?.chosen }] as never })
      .thenEmitted('choices.dropped', { reason: 'changed', choices: dropped })
    expect(after.context.arms).toMatchObject([kept ?? {}, { id: 'friendly', chosen: 0, rewarded: 0 }])
    rewarded(dropped[0] ?? '', 1, after).thenEmitted('reward.ignored', {})
    rewarded(openOf(kept?.no)[0] ?? '', 1, after).thenEmitted('choice.rewarded', { arm: 'short' })
  })

  test('forgets all it learned when it is reset', () => {
    const reset = asked('c-2', rewarded('c-1', 1, asked('c-1')))
      .when('strategy.reset', { by: 'ann' })
      .thenEmitted('strategy.changed', { reason: 'reset', by: 'ann' })
      .thenEmitted('choices.dropped', { choices: ['c-2'], reason: 'reset' })
      .thenLabel({ open: 0, chosen: 0, rewarded: 0 })
    expect(reset.context.arms.map(({ id }) => id)).toEqual(['short', 'friendly'])
    rewarded('c-2', 1, reset).thenEmitted('reward.ignored', {})
  })

  test('lets go of a choice that is withdrawn', () => {
    asked('c-1')
      .when('choice.withdrawn', { choice: 'c-1' })
      .thenEmitted('choices.dropped', { choices: ['c-1'], reason: 'withdrawn' })
      .when('choice.withdrawn', { choice: 'c-1' })
      .thenNothing()
  })

  test('drops the oldest of too many open choices, and stays within its bytes', () => {
    const { openMax, armsMax, choiceCharsMax, armCharsMax } = WRITING_LIMITS
    const id = (index: number): string => `${index}`.padStart(choiceCharsMax, 'c')
    const arms = Array.from({ length: armsMax }, (_, index) => ({
      id: `${index}`.padStart(armCharsMax, 'a'),
      tone: '亲'.repeat(WRITING_LIMITS.toneCharsMax),
      length: 1_000,
    }))
    let now = set(arms)
    for (let index = 0; index < openMax; index++) now = asked(id(index), now)
    now.thenNotEmitted('choices.dropped')
    now = asked(id(openMax), now).thenEmitted('choices.dropped', { choices: [id(0)], reason: 'too_many' })
    expect(now.context.open).toHaveLength(openMax)
    expect(Buffer.byteLength(JSON.stringify(now.context))).toBeLessThan(48 * 1_024)
    rewarded(id(0), 1, now).thenEmitted('reward.ignored', {})
  }, 60_000)
})

test('learns in the test kit, where each decision is made twice: the best arm gets most of the later choices', () => {
  const rates: Readonly<Record<string, number>> = { plain: 0.2, best: 0.8, other: 0.4 }
  let now = set(Object.keys(rates).map((id) => ({ id })))
  const chosen: string[] = []
  for (let round = 0; round < 150; round++) {
    now = now.when('choice.asked', { choice: `c-${round}` }, { id: `ask-${round}`, source: 'test' })
    const arm = now.context.arms.find(({ no }) => no === now.context.open[0]?.arm)?.id ?? ''
    chosen.push(arm)
    now = rewarded(`c-${round}`, rates[arm] ?? 0, now)
  }
  expect(chosen.slice(75).filter((arm) => arm === 'best').length).toBeGreaterThan(60)
  now.thenLabel({ best: 'best' })
}, 60_000)

test('a strategy survives every walk', () => {
  const choices = ['c-1', 'c-2']
  const { unreached, ineffective } = explore(strategyKind, {
    invariant({ context: { arms, open } }) {
      const wrong = arms.find(({ chosen, rewarded, reward }) => rewarded > chosen || reward > rewarded)
      if (wrong !== undefined) return `the counts of an arm do not fit: ${JSON.stringify(wrong)}`
      const lost = open.find(({ arm }) => !arms.some(({ no }) => no === arm))
      return lost === undefined ? undefined : `the choice ${lost.choice} is open, and has no arm`
    },
    runs: 100,
    restingStates: ['active'],
    events: {
      'strategy.set': [{ arms: ARMS }, { arms: [{ id: 'long', length: 400 }] }],
      'choice.asked': choices.map((choice) => ({ choice })),
      'reward.given': choices.map((choice) => ({ choice, reward: 0.5 })),
      'choice.withdrawn': choices.map((choice) => ({ choice })),
    },
  })
  expect([...unreached, ...ineffective]).toEqual([])
})
