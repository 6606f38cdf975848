import { describe, expect, test } from 'vitest'
import { createQuestion } from '../../../../actors/kinds/question/kind.ts'
import { loadArticles } from '../../../../actors/kinds/support/knowledge.ts'
import { explore } from '../../../../actors/testkit/explore/explore.ts'
import { firstAttempt } from '../../../../actors/testkit/first-attempt.ts'
import { generates } from '../../../../actors/testkit/generation-stub.ts'
import { recordsLive } from '../../../../actors/testkit/live-recorder.ts'
import { builtInPrompts } from '../../../../actors/testkit/prompt-stub.ts'
import { placedAt } from '../../../../actors/testkit/queue-stub.ts'
import { recommendsFromCatalogue } from '../../../../actors/testkit/recommending-stub.ts'
import { given } from '../../../../actors/testkit/scenario.ts'
import { fails, never, takes } from '../../../../actors/testkit/task-stubs.ts'
import { evaluateByRules } from '../../../../pipeline/quality/evaluate-by-rules.ts'
import { emptySearchIndex, understandByActs } from '../../../support/core-helpers.ts'
import { silent } from '../../../support/test-system.ts'

const kind = createQuestion({ articles: loadArticles(), waitingMax: 5 })
const PLACE = { queuePlace: 3, expectedMs: 4_000, isFull: false }
const ANSWER = { text: 'Within two days.', sources: [{ source: 'shipping-en', score: 0.9 }] }
const asked = given(kind).task('place', PLACE).task('answer', never)

describe('a question', () => {
  test('is told its place and the expected time once, and then its answer with what became of them', () => {
    const accepted = asked.when('question.asked', { text: '  How long does shipping take?  ' })
    accepted
      .thenState('waiting')
      .thenTask('answer', { text: 'How long does shipping take?', lang: 'en' })
      .thenEmitted('question.accepted', { queuePlace: 3, expectedMs: 4_000 })
    accepted
      .after('5s')
      .taskEnds('answer', ANSWER)
      .thenState('answered')
      .thenStatus('done')
      .thenNotEmitted('question.accepted')
      .thenEmitted('question.answered', { ...ANSWER, lang: 'en', queuePlace: 3, expectedMs: 4_000, waitedMs: 5_000 })
      .thenContext({ answer: 'Within two days.' })
  })

  test.each([
    ['寄到挪威要多久？', undefined, 'zh' as const],
    ['寄到挪威要多久？', 'en-GB', 'en' as const],
    ['Refund?', 'ZH-Hant', 'zh' as const],
    ['Wie lange dauert das?', undefined, 'en' as const],
  ])('%s, said to be in %s, is answered in %s', (text, lang, expected) => {
    asked.when('question.asked', { text, lang }).thenTask('answer', { lang: expected })
  })

  test('whose answer comes first is accepted and answered in one record', () => {
    given(kind)
      .task('place', takes('1s', PLACE))
      .task('answer', ANSWER)
      .when('question.asked', { text: 'How long?' })
      .thenEmitted('question.accepted', { queuePlace: 0, expectedMs: 0 })
      .thenEmitted('question.answered', { text: ANSWER.text, waitedMs: 0 })
      .after('2s')
      .thenNothing()
  })

  test('whose place cannot be read is accepted without one', () => {
    given(kind)
      .task('place', fails('no_reply'))
      .task('answer', takes('2s', ANSWER))
      .when('question.asked', { text: 'How long?' })
      .thenEmitted('question.accepted', { queuePlace: null, expectedMs: null })
      .after('2s')
      .thenEmitted('question.answered', { expectedMs: null, waitedMs: 2_000 })
  })

  test('beyond those that may wait is refused, and its answer is not made', () => {
    given(kind)
      .task('place', { ...PLACE, queuePlace: 6, isFull: true })
      .task('answer', never)
      .when('question.asked', { text: 'How long?' })
      .thenState('failed')
      .thenNotEmitted('question.accepted')
      .thenEmitted('question.failed', { reason: 'queue_full' })
  })

  test.each([
    ['no_answer' as const, { text: null, sources: [] }],
    ['task_failed' as const, fails('model_timeout')],
  ])('fails as %s', (reason, outcome) => {
    given(kind)
      .task('place', PLACE)
      .task('answer', takes('3s', outcome))
      .when('question.asked', { text: 'How long?' })
      .after('3s')
      .thenState('failed')
      .thenEmitted('question.failed', { reason, expectedMs: 4_000, waitedMs: 3_000 })
  })

  test('fails as too_late when its deadline passes', () => {
    asked
      .when('question.asked', { text: 'How long?' })
      .after('10m')
      .thenState('failed')
      .thenEmitted('question.failed', { reason: 'too_late', waitedMs: 600_000 })
  })

  test('is the only one of its actor, and has a bound', () => {
    asked.when('question.asked', { text: 'How long?' }).when('question.asked', { text: 'How much?' }).thenRejected('bad_data')
    asked.when('question.asked', { text: ' ' }).thenRejected('bad_data')
    asked.when('question.asked', { text: '问'.repeat(1_001) }).thenRejected('bad_data')
  })
})

test('each state is reached, and no input is without effect', () => {
  const { unreached } = explore(kind, {
    runs: 100,
    tasks: { place: [PLACE, { ...PLACE, isFull: true }], answer: [ANSWER, { text: null, sources: [] }] },
  })
  expect(unreached).toEqual([])
})

/** Runs the task `answer` as a runner does. */
const answer = (text: string) =>
  kind.tasks.answer.run({
    input: { text, lang: 'en' },
    ...firstAttempt,
    signal: new AbortController().signal,
    log: silent,
    actor: { tenant: 'acme', kind: 'question', id: 'q1' },
    searchIndex: emptySearchIndex,
    memory: emptySearchIndex,
    understand: understandByActs,
    evaluate: evaluateByRules,
    live: recordsLive(),
    ...generates(),
    ...builtInPrompts(),
    ...recommendsFromCatalogue(),
    ...placedAt(),
  })

describe('the answer', () => {
  test('is quoted from what was found, or there is none', async () => {
    expect(await answer('How do I change my delivery address?')).toMatchObject({ model: 'extractive', text: expect.any(String) as string })
    expect(await answer('What is the boiling point of tungsten?')).toMatchObject({ text: null, sources: [] })
  })
})
