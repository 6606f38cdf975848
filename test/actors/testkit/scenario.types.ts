import { given } from '../../../actors/testkit/scenario.ts'
import { fails, inTurn, never, takes } from '../../../actors/testkit/task-stubs.ts'
import { refund } from '../../support/kit-kinds.ts'

/** Mistakes in a test that tsc must refuse; `npm run types` is the test. */
const scenario = given(refund)

export const sound = [
  scenario.task('pay', { receipt: 'r' }),
  scenario.task('pay', ({ amount }) => ({ receipt: amount.toFixed(2) })),
  scenario.task('pay', ({ amount }) => (amount > 1 ? fails('too_much') : takes('3s', { receipt: 'r' }))),
  scenario.task(
    'pay',
    takes('1.5 hours', ({ amount }) => ({ receipt: `${amount}` })),
  ),
  scenario.task('pay', inTurn(never, fails('http_500', 'no line'), takes('2s', { receipt: 'r' }), { receipt: 's' })),
  scenario.when('refund.asked', { amount: 1 }).thenEmitted('refund.paid', { receipt: 'r' }).thenContext({ tries: 1 }),
  scenario.thenContext((context) => context.amount.toFixed() === '1'),
  scenario.after('2 days').after(1_500).thenSent(refund, 'r2', 'refund.asked', { amount: 3 }).thenSent('other', 'o', 'x', { any: 1 }),
]

export const refused = () => [
  // @ts-expect-error no such input
  scenario.when('refund.aksed', { amount: 1 }),
  // @ts-expect-error data of another type
  scenario.when('refund.asked', { amount: '1' }),
  // @ts-expect-error data that lack a field
  scenario.when('refund.asked', {}),
  // @ts-expect-error no such task
  scenario.task('lookup', { receipt: 'r' }),
  // @ts-expect-error an output of another type
  scenario.task('pay', { receipt: 7 }),
  // @ts-expect-error a function whose output is of another type
  scenario.task('pay', ({ amount }) => ({ receipt: amount })),
  // @ts-expect-error one of the outcomes is of another type
  scenario.task('pay', inTurn(never, { receipt: 7 })),
  // @ts-expect-error a delayed output of another type
  scenario.task('pay', takes('1s', { recipe: 'r' })),
  // @ts-expect-error a length of time that is none
  scenario.after('23 horas'),
  // @ts-expect-error no such event goes out
  scenario.thenEmitted('refund.asked'),
  // @ts-expect-error a field that the event has not
  scenario.thenEmitted('refund.paid', { sum: 1 }),
  // @ts-expect-error a field of the context that is not there
  scenario.thenContext({ sum: 1 }),
  // @ts-expect-error a task's input of another type
  scenario.thenTask('pay', { amount: '1' }),
  // @ts-expect-error an output by hand of another type
  scenario.taskEnds('pay', { receipt: false }),
  // @ts-expect-error no such reason
  scenario.thenRejected('bad_day'),
  // @ts-expect-error an event that the other kind does not take
  scenario.thenSent(refund, 'r2', 'refund.paid'),
]
