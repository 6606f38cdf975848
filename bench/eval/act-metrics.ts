import { type Act, ACTS } from '../../schemas/dialogue-acts.ts'

export interface Judged {
  readonly expected: Act
  readonly found: Act
}

/** How many messages of each act (first key) were recognised as each act (second key). */
export type Confusion = Readonly<Record<Act, Readonly<Record<Act, number>>>>

export function confusionOf(judged: readonly Judged[]): Confusion {
  const row = (): Record<Act, number> => record(() => 0)
  const confusion = record(row)
  for (const { expected, found } of judged) confusion[expected][found] += 1
  return confusion
}

/** F1 of an act: the harmonic mean of precision and recall; 0 if it neither occurs nor is found. */
export function f1Of(act: Act, judged: readonly Judged[]): number {
  const hits = judged.filter(({ expected, found }) => expected === act && found === act).length
  const named = judged.filter(({ found }) => found === act).length + judged.filter(({ expected }) => expected === act).length
  return named === 0 ? 0 : (2 * hits) / named
}

/** The mean of the F1 of the acts that occur among the expected ones. */
export function macroF1(judged: readonly Judged[]): number {
  const occurring = ACTS.filter((act) => judged.some(({ expected }) => expected === act))
  return occurring.length === 0 ? 0 : occurring.reduce((sum, act) => sum + f1Of(act, judged), 0) / occurring.length
}

export const accuracyOf = (judged: readonly Judged[]): number =>
  judged.length === 0 ? 0 : judged.filter(({ expected, found }) => expected === found).length / judged.length

const record = <T>(value: (act: Act) => T): Record<Act, T> => ({
  new_topic: value('new_topic'),
  continuation: value('continuation'),
  clarification: value('clarification'),
  correction: value('correction'),
  cancel: value('cancel'),
  confirm: value('confirm'),
  deny: value('deny'),
  chitchat: value('chitchat'),
  feedback: value('feedback'),
  handoff: value('handoff'),
  out_of_scope: value('out_of_scope'),
})
