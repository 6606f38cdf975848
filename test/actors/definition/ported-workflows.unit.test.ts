import { pino } from 'pino'
import { describe, expect, test } from 'vitest'
import { createMachine, fromCallback } from 'xstate'
import type { Kind } from '../../../actors/definition/kind.ts'
import { kindFromMachine } from '../../../actors/definition/kind-from-machine.ts'
import { firstAttempt } from '../../../actors/testkit/first-attempt.ts'
import { generates } from '../../../actors/testkit/generation-stub.ts'
import { recordsLive } from '../../../actors/testkit/live-recorder.ts'
import { builtInPrompts } from '../../../actors/testkit/prompt-stub.ts'
import { placedAt } from '../../../actors/testkit/queue-stub.ts'
import { recommendsFromCatalogue } from '../../../actors/testkit/recommending-stub.ts'
import { given, type Scenario } from '../../../actors/testkit/scenario.ts'
import { fails, inTurn } from '../../../actors/testkit/task-stubs.ts'
import { evaluateByRules } from '../../../pipeline/quality/evaluate-by-rules.ts'
import { understandByActs } from '../../support/core-helpers.ts'
import { portOf, PORTS } from '../../support/ported-workflows.ts'

type Story = (of: Scenario<Kind>) => Scenario<Kind>

/** How each workflow goes to its end, from its first input on. */
const STORIES: Readonly<Record<keyof typeof PORTS, Story>> = {
  'workflow-hello': (of) => of.when('start', {}),
  'workflow-async-function': (of) => of.task('mail', {}).when('start', {}),
  'workflow-parallel': (of) => of.when('start', {}).taskEnds('short', {}).thenState('both.one.over').taskEnds('long', {}),
  'workflow-applicant-request': (of) => of.when('sent', {}).thenState('admitting').taskEnds('admit', {}),
  'workflow-credit-check': (of) => of.task('rate', { good: true }).when('start', {}).thenState('opening').taskEnds('open', {}),
  'workflow-event-based-service': (of) =>
    of
      .task('book', { on: 'Monday' })
      .when('wanted', { animal: '猫' })
      .thenContext({ animal: '猫', visit: { on: 'Monday' } }),
  'workflow-monitor-job': (of) =>
    of
      .task('begin', { job: 7 })
      .task('look', inTurn({ is: 'running' }, { is: 'good' }))
      .task('praise', {})
      .when('start', {})
      .thenState('waiting')
      .after('5s')
      .thenState('waiting')
      .after('5s'),
  'workflow-new-patient-onboarding': (of) =>
    of.task('store', {}).task('assignDoctor', {}).when('came', { who: 'Ann' }).thenState('welcome.scheduling').taskEnds('schedule', {}),
  'workflow-filling-water': (of) => of.when('start', {}).thenState('pouring').after('2s').thenContext({ has: 4 }),
  'workflow-finalize-college-app': (of) =>
    of.task('finish', {}).when('letter', {}).when('form', {}).thenState('gathering').when('scores', {}),
}
const names = Object.keys(STORIES) as (keyof typeof PORTS)[]
/** Those that go on for ever. */
const ENDLESS: readonly string[] = ['workflow-event-based-service']
describe('a workflow in the shape of an example of XState', () => {
  test.each(names)('%s runs to its end', (name) => {
    const end = STORIES[name](given(portOf(name)))
    if (ENDLESS.includes(name)) end.thenState('idle').thenStatus('active')
    else end.thenStatus('done')
  })

  test('an error that the model does not handle ends the actor, as XState does, or leaves it in its state', () => {
    const failing = (onTaskError: 'end' | 'state') =>
      given(portOf('workflow-async-function', { onTaskError })).task('mail', fails('no_line')).when('start', {})
    failing('end').thenStatus('error')
    failing('state').thenState('mailing it').thenStatus('active')
  })

  test('a promise becomes a task that runs the same function with its input', async () => {
    const kind = portOf('workflow-async-function')
    given(kind).when('start', {}).thenTask('mail', { to: 'ann@example.com' })
    const searchIndex = { search: async () => [], knowledgeVersion: async () => undefined, knowledgeSeq: async () => undefined }
    const output = await kind.tasks['mail']?.run({
      ...firstAttempt,
      ...recommendsFromCatalogue(),
      ...generates(),
      ...builtInPrompts(),
      ...placedAt(),
      input: { to: 'ann@example.com' },
      signal: new AbortController().signal,
      actor: { tenant: 'acme', kind: kind.name, id: 'a1' },
      searchIndex,
      memory: searchIndex,
      understand: understandByActs,
      evaluate: evaluateByRules,
      live: recordsLive(),
      hasModels: () => false,
      log: pino({ level: 'silent' }),
    })
    expect(output).toEqual({ done: 'mail', input: { to: 'ann@example.com' } })
  })

  test('what has no place in a record is refused as in any kind', () => {
    const machine = createMachine({ initial: 'a', states: { a: { invoke: { src: 'ticks', onDone: 'b' } }, b: {} } }).provide({
      actors: { ticks: fromCallback(() => undefined) },
    })
    expect(() => kindFromMachine(machine, { name: 'clock', version: 1 })).toThrow('callback_actor')
  })
})
