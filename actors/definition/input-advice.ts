import type { Input, WireInput } from '../../schemas/envelope.ts'
import type { ErrorCode } from '../../schemas/error-codes.ts'
import { messageOf } from '../../schemas/errors.ts'
import { ANSWER_JUDGED, TABLE_INPUTS } from '../../schemas/events.ts'
import { nearest } from '../../schemas/nearest.ts'
import { EVERY } from './calendar.ts'
import { type Kind, type Kinds, producedEvents } from './kind.ts'
import { senderProblem } from './sent-by.ts'
import { isJudgement, readData } from './upcast.ts'

/** What a producer should know about its input: it will be rejected, or it will change nothing. */
export interface InputAdvice {
  readonly code: ErrorCode
  readonly message: string
}

/** The advice about an input of a kind that no process has, with the name that may be meant. */
export function unknownKindAdvice(kind: string, kinds: Iterable<string>): InputAdvice {
  return { code: 'unknown_kind', message: `there is no kind "${kind}"; ${meant(kind, 'the kinds', [...kinds].sort())}` }
}

/** The advice about an input; `undefined` if its kind takes it, or if the kind is none of these. */
export function inputAdvice(kinds: Kinds, kindName: string, input: WireInput): InputAdvice | undefined {
  const kind = kinds.get(kindName)
  if (kind === undefined) return undefined
  if (input.type === ANSWER_JUDGED || (input.type === EVERY && kind.every !== undefined)) return badData(kind, input)
  // The first input starts the machine, whatever its type; it has a transition for none.
  if (Object.keys(kind.events).length === 0 && !TABLE_INPUTS.includes(input.type)) return undefined
  const declared = [...new Set([...Object.keys(producedEvents(kind)), ...TABLE_INPUTS])]
  if (!declared.includes(input.type) && !isJudgement(kind, input.type) && !takesByWildcard(kind, input.type)) {
    const hint = meant(input.type, 'its types', declared)
    return { code: 'undeclared_type', message: `the kind "${kindName}" does not declare the type "${input.type}"; ${hint}` }
  }
  return badData(kind, input)
}

/** The nearest of the names, or all of them where none is near. */
function meant(word: string, what: string, names: readonly string[]): string {
  const near = nearest(word, names)
  return near === undefined ? `${what} are ${names.toSorted().join(', ')}` : `did you mean "${near}"?`
}

/** An input of a type that the kind does not declare reaches transitions for `*` or `order.*`. */
const takesByWildcard = ({ machine }: Kind, type: string): boolean =>
  machine.events.some((descriptor: string) => descriptor === '*' || (descriptor.endsWith('.*') && type.startsWith(descriptor.slice(0, -1))))

/** Problems of one input that are told. */
const PROBLEMS_MAX = 100

/** All that is wrong with the data of an input, each problem beginning with the path of its field; empty where nothing is. */
export function dataProblems(kind: Kind, input: Pick<Input, 'type' | 'data'>): readonly string[] {
  try {
    const read = readData(kind, input)
    return read.ok ? [] : (read.all?.() ?? [read.error]).slice(0, PROBLEMS_MAX)
  } catch (error) {
    return [messageOf(error)]
  }
}

function badData(kind: Kind, input: WireInput): InputAdvice | undefined {
  const problem = dataProblem(kind, input) ?? senderProblem(kind.sentBy, { type: input.type, source: input.source ?? '' }, 'producer')
  return problem === undefined ? undefined : { code: 'bad_data', message: problem }
}

function dataProblem(kind: Kind, { type, data, dataversion }: WireInput): string | undefined {
  const input: Pick<Input, 'type' | 'data' | 'dataversion'> = { type, data, ...(dataversion === undefined ? {} : { dataversion }) }
  try {
    const read = readData(kind, input)
    return read.ok ? undefined : read.error
  } catch (error) {
    // A schema or an upcaster may throw; a host then rejects the input as poison.
    return messageOf(error)
  }
}
