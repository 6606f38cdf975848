import { writeFile } from 'node:fs/promises'
import { ACT_LANGUAGES, readTraining } from './act-sets.ts'
import { trainActs } from './act-training.ts'

/** `node bench/eval/train-acts.ts [file]` trains the act model from `acts-training-*.jsonl`; the same messages give the same bytes. */
const file = process.argv[2] ?? new URL('../../pipeline/understanding/acts/act-weights.json', import.meta.url)
const messages = (await Promise.all(ACT_LANGUAGES.map(readTraining))).flat()
await writeFile(file, `${JSON.stringify(trainActs(messages), undefined, 2)}\n`)
process.stdout.write(`trained from ${messages.length} messages\n`)
