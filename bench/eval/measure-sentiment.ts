import Table from 'cli-table3'
import { analyseText } from '../../actors/analysing/analyse-text.ts'
import { SENTIMENT_LABELS, type SentimentLabel, sentimentOf } from '../../actors/analysing/sentiment.ts'
import { readSentimentEvaluation, SENTIMENT_LANGUAGES } from './sentiment-sets.ts'

interface Judged {
  readonly expected: SentimentLabel
  readonly found: SentimentLabel
  readonly blind: boolean
}
interface SentimentReport {
  readonly texts: number
  /** All texts; those whose writer had seen the names of the labels only; the others. */
  readonly macroF1: number
  readonly blindMacroF1: number
  readonly ownMacroF1: number
  readonly textsPerCpuSecond: number
}

/** Times each text is analysed for the speed, after as many to warm up. */
const ROUNDS = 20

/** Measures sentiment on the evaluation texts of each language, and the speed of the whole analysis, and prints both. */
export async function measureSentiment(print: (text: string) => void): Promise<Record<string, SentimentReport>> {
  const report: Record<string, SentimentReport> = {}
  for (const language of SENTIMENT_LANGUAGES) {
    const texts = await readSentimentEvaluation(language)
    const judged = texts.map(({ text, label, blind }): Judged => ({ expected: label, found: sentimentOf(text).label, blind }))
    const measured: SentimentReport = {
      texts: texts.length,
      macroF1: sentimentMacroF1(judged),
      blindMacroF1: sentimentMacroF1(judged.filter(({ blind }) => blind)),
      ownMacroF1: sentimentMacroF1(judged.filter(({ blind }) => !blind)),
      textsPerCpuSecond: speedOf(texts.map(({ text }) => text)),
    }
    report[language] = measured
    const scores = [
      `all ${measured.macroF1.toFixed(3)}`,
      `blind ${measured.blindMacroF1.toFixed(3)}`,
      `own ${measured.ownMacroF1.toFixed(3)}`,
    ]
    print(
      `${language}: macro-F1 on ${texts.length} texts: ${scores.join(', ')}; ${Math.round(measured.textsPerCpuSecond)} texts a CPU second`,
    )
    print(confusionTable(judged))
  }
  return report
}

/** F1 of a label: the harmonic mean of precision and recall; 0 if it neither occurs nor is found. */
function f1Of(label: SentimentLabel, judged: readonly Judged[]): number {
  const hits = judged.filter(({ expected, found }) => expected === label && found === label).length
  const named = judged.filter(({ found }) => found === label).length + judged.filter(({ expected }) => expected === label).length
  return named === 0 ? 0 : (2 * hits) / named
}

/** The mean of the F1 of the three labels. */
export const sentimentMacroF1 = (judged: readonly Judged[]): number =>
  SENTIMENT_LABELS.reduce((sum, label) => sum + f1Of(label, judged), 0) / SENTIMENT_LABELS.length

function speedOf(texts: readonly string[]): number {
  const analyseAll = (): void => {
    for (let round = 0; round < ROUNDS; round += 1) for (const text of texts) analyseText(text)
  }
  analyseAll()
  const before = process.cpuUsage()
  analyseAll()
  const { user, system } = process.cpuUsage(before)
  return (ROUNDS * texts.length * 1e6) / (user + system)
}

/** A row for each label that was expected, a column for each that was found. */
function confusionTable(judged: readonly Judged[]): string {
  const table = new Table({ head: ['expected \\ found', ...SENTIMENT_LABELS, 'F1'], style: { head: [], border: [], compact: true } })
  for (const label of SENTIMENT_LABELS) {
    const counts = SENTIMENT_LABELS.map((other) => judged.filter(({ expected, found }) => expected === label && found === other).length)
    table.push([label, ...counts.map(String), f1Of(label, judged).toFixed(3)])
  }
  return table.toString()
}
