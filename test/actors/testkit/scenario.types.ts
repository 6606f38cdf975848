import { given } from '../../../actors/testkit/scenario.ts'
import { fails, inTurn, never, takes } from '../../../actors/testkit/task-stubs.ts'
import { refund } from '../../support/kit-kinds.ts'

/** What tsc itself refuses in a test; `npm run types` is the test. Every `@ts-expect-error` is a mistake that must not compile. */
const begun = given(refund)

export const sound = [
  begun.task('pay', { receipt: 'r' }),
  begun.task('pay', ({ amount }) => ({ receipt: amount.toFixed(2) })),
  begun.task('pay', ({ amount }) => (amount > 1 ? fails('too_much') : takes('3s', { receipt: 'r' }))),
  begun.task('pay', takes('1.5 hours', ({ amount }) => ({ receipt: `${amount}` }))),
  begun.task('pay', inTurn(never, fails('http_500', 'no line'), takes('2s', { receipt: 'r' }), { receipt: 's' })),
  begun.when('refund.asked', { amount: 1 }).thenEmitted('refund.paid', { receipt: 'r' }).thenContext({ tries: 1 }),
  begun.thenContext((context) => context.amount.toFixed() === '1'),
  begun.after('2 days').after(1_500).thenSent(refund, 'r2', 'refund.asked', { amount: 3 }).thenSent('other', 'o', 'x', { any: 1 }),
]

export const refused = () => [
  // @ts-expect-error no such input
  begun.when('refund.aksed', { amount: 1 }),
  // @ts-expect-error data of another type
  begun.when('refund.asked', { amount: '1' }),
  // @ts-expect-error data that lack a field
  begun.when('refund.asked', {}),
  // @ts-expect-error no such task
  begun.task('lookup', { receipt: 'r' }),
  // @ts-expect-error an output of another type
  begun.task('pay', { receipt: 7 }),
  // @ts-expect-error a function whose output is of another type
  begun.task('pay', ({ amount }) => ({ receipt: amount })),
  // @ts-expect-error one of the outcomes is of another type
  begun.task('pay', inTurn(never, { receipt: 7 })),
  // @ts-expect-error a delayed output of another type
  begun.task('pay', takes('1s', { recipe: 'r' })),
  // @ts-expect-error a length of time that is none
  begun.after('23 horas'),
  // @ts-expect-error no such event goes out
  begun.thenEmitted('refund.asked'),
  // @ts-expect-error a field that the event has not
  begun.thenEmitted('refund.paid', { sum: 1 }),
  // @ts-expect-error a field of the context that is not there
  begun.thenContext({ sum: 1 }),
  // @ts-expect-error a task's input of another type
  begun.thenTask('pay', { amount: '1' }),
  // @ts-expect-error an output by hand of another type
  begun.taskEnds('pay', { receipt: false }),
  // @ts-expect-error no such reason
  begun.thenRejected('bad_day'),
  // @ts-expect-error an event that the other kind does not take
  begun.thenSent(refund, 'r2', 'refund.paid'),
]
