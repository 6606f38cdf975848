import { describe, expect, test } from 'vitest'
import { DefinitionError } from '../../../actors/definition/check-definition.ts'
import type { Kind } from '../../../actors/definition/kind.ts'
import { given, type Scenario } from '../../../actors/testkit/scenario.ts'
import { fails, inTurn } from '../../../actors/testkit/task-stubs.ts'
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
/** Those whose model has `onError` wherever it invokes, or invokes nothing. */
const SOUND: readonly string[] = ['workflow-hello', 'workflow-new-patient-onboarding', 'workflow-filling-water']

describe('a workflow in the shape of an example of XState', () => {
  test.each(names)('%s runs to its end', (name) => {
    const end = STORIES[name](given(portOf(name, 'end')))
    if (ENDLESS.includes(name)) end.thenState('idle').thenStatus('active')
    else end.thenStatus('done')
  })

  test.each(names)('%s is refused by default exactly where an error of a task would end it', (name) => {
    if (SOUND.includes(name)) return void portOf(name)
    expect(() => portOf(name)).toThrow(DefinitionError)
    expect(() => portOf(name)).toThrow('no_on_error')
  })

  test('an error that the model does not handle ends the actor, as XState does, or leaves it in its state', () => {
    const failing = (how: 'end' | 'state') => given(portOf('workflow-async-function', how)).task('mail', fails('no_line')).when('start', {})
    failing('end').thenStatus('error')
    failing('state').thenState('mailing it').thenStatus('active')
  })
})
