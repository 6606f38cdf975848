import { remoteQuestionVectors } from '../../../pipeline/embedding/question-vectors.ts'
import { byIntent, readExampleFile } from '../../../pipeline/ingest/intents/example-file.ts'
import type { JetStreamContext } from '../../../pipeline/jetstream/connection.ts'
import { type Compared, groupChanges } from '../../../pipeline/understanding/compare-sets.ts'
import { createIntentClassifier } from '../../../pipeline/understanding/intents/intent-classifier.ts'
import { readExamples, readTaughtSet, type SetName } from '../../../pipeline/understanding/taught/taught-set.ts'
import { labelledTexts } from '../../../pipeline/understanding/training/labelled-texts.ts'
import { type OpenSet, openTrainedSet, withVectors } from '../../../pipeline/understanding/training/open-trained-set.ts'
import { trainInThread } from '../../../pipeline/understanding/training/train-in-thread.ts'
import { counted } from '../../../schemas/counted.ts'
import { ColloquyError } from '../../../schemas/errors.ts'
import { withJetStream } from '../../app/connect-to-running.ts'
import { onOneLine, type Output, printable } from '../../app/terminal-output.ts'
import { recordedTexts } from '../../reporting/recorded-messages.ts'
import type { Settings } from '../../settings.ts'
import { withAnalyst } from '../with-analyst.ts'

export interface CheckIntentsOptions extends SetName {
  readonly out: Output
  readonly settings: Settings
  readonly file: string
  readonly json?: boolean
}

/** Distinct texts of the newest messages that are compared. */
const TEXTS_MAX = 20_000
const EXAMPLES_SHOWN_MAX = 3

/**
 * Says which recorded messages the set would understand otherwise if the file were taught. The set itself does not change.
 *
 * @throws ColloquyError `would_differ` if any would
 */
export async function checkIntents({ out, settings, file, json, ...name }: CheckIntentsOptions): Promise<void> {
  const { examples, bad } = await readExampleFile(file)
  if (examples.length === 0) throw new ColloquyError('bad_file', `${file} has no example`)
  if (bad.length > 0) out.note(`${counted(bad.length, 'line')} of ${file} left out: no example`)
  const texts = await withAnalyst(settings, undefined, out, (clickhouse) => recordedTexts(clickhouse, name.tenant, TEXTS_MAX))
  const groups = await withJetStream(settings, async (jetstream) => {
    const taught = await readTaughtSet(jetstream, name)
    const before = taught.intents.length === 0 ? undefined : await openTrainedSet(jetstream, name)
    const after = await trainedWith(jetstream, name, byIntent(examples))
    const compared: Compared[] = []
    for (const { text, count } of texts) {
      compared.push({ text, count, before: await before?.classify(text), after: await after.classify(text) })
    }
    return groupChanges(compared)
  })
  const messages = groups.reduce((sum, group) => sum + group.messages, 0)
  for (const group of groups) {
    if (json === true) out.json(group)
    else {
      out.line(`${printable(group.before)} → ${printable(group.after)}  ${counted(group.messages, 'message')}`)
      for (const text of group.texts.slice(0, EXAMPLES_SHOWN_MAX)) out.line(`    ${onOneLine(printable(text))}`)
    }
  }
  const all = texts.reduce((sum, { count }) => sum + count, 0)
  const summary = { messages: all, texts: texts.length, differing: messages }
  if (json === true) out.json({ summary })
  else out.line(`${counted(messages, 'message')} of ${all} would be understood otherwise`)
  if (messages > 0) {
    throw new ColloquyError(
      'would_differ',
      `${counted(messages, 'message')} of ${all} would be understood otherwise; teach the file if that is meant`,
    )
  }
}

/** The set as it would be with the file, trained here. */
async function trainedWith(
  jetstream: JetStreamContext,
  name: SetName,
  changed: ReadonlyMap<string, ReadonlySet<string>>,
): Promise<Pick<OpenSet, 'classify'>> {
  const present = await readExamples(jetstream, await readTaughtSet(jetstream, name))
  const examples = labelledTexts(new Map([...present, ...[...changed].map(([intent, texts]) => [intent, [...texts]] as const)]))
  const vectors = remoteQuestionVectors(jetstream.nc)
  const own = (await vectors.fingerprint()) === null ? undefined : await Promise.all(examples.map(({ text }) => vectorOf(text)))
  const bytes = await trainInThread({ examples, vectors: own }, new AbortController().signal)
  return withVectors(createIntentClassifier(bytes), vectors)

  async function vectorOf(text: string): Promise<Float32Array> {
    const { vector } = await vectors.of(text, 'passage')
    if (vector === undefined) throw new ColloquyError('no_memory', 'the embedding model was replaced meanwhile; run the command again')
    return vector
  }
}
