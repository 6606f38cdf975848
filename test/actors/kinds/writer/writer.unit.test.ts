import { describe, expect, test } from 'vitest'
import { createWriter } from '../../../../actors/kinds/writer/writer-kind.ts'
import { explore } from '../../../../actors/testkit/explore/explore.ts'
import { given, type Scenario } from '../../../../actors/testkit/scenario.ts'
import { fails } from '../../../../actors/testkit/task-stubs.ts'

const writerKind = createWriter()
type Story = Scenario<typeof writerKind>

const FROM_STRATEGY = { source: 'colloquy/test/strategy/news' }
const ARM = { id: 'short', prompt: 'write', version: 3, tone: 'friendly', length: 40 }
const MADE = {
  text: 'We open on Sundays, too.',
  made: 'model',
  promptVersion: 'write@3',
  requestHash: 'ab',
  model: 'tiny',
  tier: 'small',
  tokensIn: 100,
  tokensOut: 9,
  cost: 0.01,
  quality: 0.8,
  evaluator: 'rules@1',
} as const

const story = (): Story => given(writerKind, { id: 'w-1' })
const briefed = (from = story(), data: object = {}): Story =>
  from.when('brief.given', { purpose: 'news', brief: 'Tell customers that the shop opens on Sundays.', ...data })
const CHOICE = briefed().context.choice
const chosen = (from: Story, feedback = '1d'): Story => from.when('choice.made', { choice: CHOICE, arm: ARM, feedback }, FROM_STRATEGY)
const written = (made: object = MADE, feedback = '1d'): Story => chosen(briefed(story().task('write', made as typeof MADE)), feedback)

describe('a writer', () => {
  test('asks the strategy of its purpose, and writes by the arm that it gets', () => {
    chosen(briefed().thenSent('strategy', 'news', 'choice.asked', { choice: CHOICE }).thenState('choosing')).thenTask('write', {
      brief: 'Tell customers that the shop opens on Sundays.',
      lang: 'en',
      arm: ARM,
    })
  })

  test('records the whole context of what it has written', () => {
    written().thenEmitted('text.written', {
      ...{
        text: MADE.text,
        made: 'model',
        purpose: 'news',
        brief: 'Tell customers that the shop opens on Sundays.',
        facts: [],
        lang: 'en',
      },
      ...{ choice: CHOICE, arm: 'short', tone: 'friendly', length: 40, promptVersion: 'write@3', requestHash: 'ab' },
      ...{ model: 'tiny', tier: 'small', tokensIn: 100, tokensOut: 9, cost: 0.01, quality: 0.8, evaluator: 'rules@1' },
    })
  })

  test.each([
    [{ rating: 5 }, 1],
    [{ rating: 4, comment: 'good' }, 0.75],
    [{ rating: 1 }, 0],
    [{ thumbs: 'up' }, 1],
    [{ thumbs: 'down' }, 0],
  ] as const)('tells the strategy the feedback %j as the reward %d', (feedback, reward) => {
    const judged = written()
      .when('feedback.given', feedback)
      .thenSent('strategy', 'news', 'reward.given', { choice: CHOICE, reward, by: 'feedback' })
      .thenState('written')
    judged.when('feedback.given', { rating: 1 }).thenNothing()
    expect(judged.after('2d').records.flatMap((record) => record.sent ?? [])).toHaveLength(2)
  })

  test('tells the strategy the quality where nobody says anything in time', () => {
    const quiet = written().after('23h').thenState('judged')
    quiet.after('1h').thenSent('strategy', 'news', 'reward.given', { choice: CHOICE, reward: 0.8, by: 'quality' }).thenState('written')
    written(MADE, '0s').after(0).thenSent('strategy', 'news', 'reward.given', { reward: 0.8 })
  })

  test.each([{ comment: 'well' }, { rating: 6 }, {}])('refuses the feedback %j', (data) => {
    written().whenRaw({ type: 'feedback.given', data }).thenRejected('bad_data')
  })

  test('lets its choice go where the text is not of a model, or where there is no quality', () => {
    const { quality: _, ...unjudged } = MADE
    written(unjudged).after('1d').thenSent('strategy', 'news', 'choice.withdrawn', { choice: CHOICE })
    written({ text: '- a fact', made: 'facts', cost: 0 })
      .thenEmitted('text.written', { made: 'facts', text: '- a fact' })
      .thenSent('strategy', 'news', 'choice.withdrawn')
      .thenState('written')
  })

  test('fails with what to do, and lets its choice go', () => {
    written({ text: null, made: 'facts', failure: { code: 'no_model', message: 'set COLLOQUY_MODELS' } })
      .thenEmitted('text.failed', { code: 'no_model', message: 'set COLLOQUY_MODELS', arm: 'short', choice: CHOICE })
      .thenSent('strategy', 'news', 'choice.withdrawn', { choice: CHOICE })
      .thenState('failed')
    chosen(briefed(story().task('write', fails('runner_lost'))))
      .thenEmitted('text.failed', { code: 'runner_lost', purpose: 'news' })
      .thenSent('strategy', 'news', 'choice.withdrawn', { choice: CHOICE })
    chosen(briefed()).taskExpires('write').thenEmitted('text.failed', { code: 'deadline' })
  })

  test('rewards an arm that names a version that there is not with 0', () => {
    written({ text: null, made: 'model', failure: { code: 'no_prompt_version', message: 'no 3' } })
      .thenEmitted('text.failed', { code: 'no_prompt_version' })
      .thenSent('strategy', 'news', 'reward.given', { reward: 0, by: 'failure' })
  })

  test('writes by the built-in prompt where no strategy answers, and takes no answer after that', () => {
    const alone = briefed(story().task('write', MADE)).after('1m')
    alone
      .thenSent('strategy', 'news', 'choice.withdrawn', { choice: CHOICE })
      .thenEmitted('text.written', { choice: null, arm: 'default', tone: null })
      .thenState('written')
    chosen(alone).thenNothing()
  })

  test('takes a choice of its own strategy only', () => {
    const data = { choice: CHOICE, arm: ARM, feedback: '1d' }
    briefed().when('choice.made', data, { source: 'colloquy/test/strategy/other' }).thenState('choosing')
    briefed().when('choice.made', data, { source: 'somebody' }).thenRejected('bad_data')
    briefed()
      .when('choice.made', { ...data, choice: 'other' }, FROM_STRATEGY)
      .thenState('choosing')
  })

  test('has one brief, in its language', () => {
    briefed(briefed()).thenRejected('bad_data')
    briefed(story(), { brief: '告诉顾客本店周日也营业。' }).thenLabel({ lang: 'zh' })
    briefed(story(), { lang: 'zh-CN' }).thenLabel({ lang: 'zh' })
    briefed(story(), { brief: '' }).thenRejected('bad_data')
    briefed(story(), { facts: Array.from({ length: 9 }, () => 'a fact') }).thenRejected('bad_data')
  })
})

test('a writer survives every walk', () => {
  const { unreached } = explore(writerKind, {
    runs: 100,
    restingStates: ['new', 'written', 'failed'],
    events: { 'choice.made': [{ choice: CHOICE, arm: ARM, feedback: '1h' }] },
  })
  expect(unreached).toEqual([])
})
