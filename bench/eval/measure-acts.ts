import { performance } from 'node:perf_hooks'
import Table from 'cli-table3'
import { actOf } from '../../pipeline/understanding/acts/act-of.ts'
import { ACTS } from '../../schemas/dialogue-acts.ts'
import { accuracyOf, type Confusion, confusionOf, f1Of, type Judged, macroF1 } from './act-metrics.ts'
import { ACT_LANGUAGES, type EvaluationMessage, readEvaluation, readPublicTurns } from './act-sets.ts'

interface Quality {
  readonly messages: number
  readonly accuracy: number
  readonly macroF1: number
}
interface ActReport {
  readonly all: Quality
  /** Messages by a writer who had seen the list of acts only; absent if there are none. */
  readonly blind?: Quality
  readonly other?: Quality
  /** Turns of public conversations, by other writers; absent if the file is missing. */
  readonly publicTurns?: Quality
  readonly f1: Readonly<Record<string, number>>
  readonly confusion: Confusion
  /** The time of one message, in milliseconds. */
  readonly p50Ms: number
  readonly p99Ms: number
}

/** Times each message is recognised for the times; the first round warms up. */
const ROUNDS = 5

/** Measures the recognition of acts on the evaluation messages of each language, and prints it. */
export async function measureActs(print: (text: string) => void): Promise<Record<string, ActReport>> {
  const report: Record<string, ActReport> = {}
  for (const language of ACT_LANGUAGES) {
    const turns = await readPublicTurns(language)
    const publicTurns = turns?.map(({ text, history, act }) => ({ expected: act, found: actOf(text, history).name }))
    const measured: ActReport = {
      ...reportOf(await readEvaluation(language)),
      ...(publicTurns !== undefined && { publicTurns: qualityOf(publicTurns) }),
    }
    report[language] = measured
    const parts = [`${language}: ${qualityText(measured.all)}`]
    if (measured.blind !== undefined) parts.push(`written blind: ${qualityText(measured.blind)}`)
    if (measured.other !== undefined) parts.push(`other: ${qualityText(measured.other)}`)
    parts.push(measured.publicTurns === undefined ? 'no public turns' : `public turns: ${qualityText(measured.publicTurns)}`)
    print(`${parts.join('; ')}; p50 ${measured.p50Ms.toFixed(2)} ms, p99 ${measured.p99Ms.toFixed(2)} ms`)
    print(confusionTable(measured))
  }
  return report
}

function reportOf(messages: readonly EvaluationMessage[]): ActReport {
  const times: number[] = []
  let judged: (Judged & { readonly blind: boolean })[] = []
  for (let round = 0; round < ROUNDS; round += 1) {
    judged = messages.map(({ text, history, act, blind }) => {
      const start = performance.now()
      const found = actOf(text, history).name
      if (round > 0) times.push(performance.now() - start)
      return { expected: act, found, blind }
    })
  }
  times.sort((one, other) => one - other)
  const at = (share: number): number => times[Math.floor(times.length * share)] ?? 0
  const [blind, other] = [judged.filter((one) => one.blind), judged.filter((one) => !one.blind)]
  return {
    all: qualityOf(judged),
    ...(blind.length > 0 && { blind: qualityOf(blind) }),
    ...(other.length > 0 && { other: qualityOf(other) }),
    f1: Object.fromEntries(ACTS.map((act) => [act, f1Of(act, judged)])),
    confusion: confusionOf(judged),
    p50Ms: at(0.5),
    p99Ms: at(0.99),
  }
}

const qualityOf = (judged: readonly Judged[]): Quality => ({
  messages: judged.length,
  accuracy: accuracyOf(judged),
  macroF1: macroF1(judged),
})

const qualityText = ({ messages, accuracy, macroF1: score }: Quality): string =>
  `macro-F1 ${score.toFixed(3)}, accuracy ${accuracy.toFixed(3)} on ${messages} messages`

/** A row for each act that was expected, a column for each that was found. */
function confusionTable({ f1, confusion }: ActReport): string {
  const short = ACTS.map((act) => act.slice(0, 6))
  const table = new Table({ head: ['expected \\ found', ...short, 'F1'], style: { head: [], border: [], compact: true } })
  for (const act of ACTS) {
    const counts = ACTS.map((other) => confusion[act][other]).map((count) => (count === 0 ? '' : String(count)))
    table.push([act, ...counts, (f1[act] ?? 0).toFixed(3)])
  }
  return table.toString()
}
