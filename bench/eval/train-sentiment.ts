import { writeFile } from 'node:fs/promises'
import { readSentimentTraining, SENTIMENT_LANGUAGES } from './sentiment-sets.ts'
import { trainSentiment } from './sentiment-training.ts'

/** `node bench/eval/train-sentiment.ts [file]` trains the model from `sentiment-training-*.jsonl`; the same texts give the same bytes. */
const file = process.argv[2] ?? new URL('../../actors/analysing/sentiment-weights.json', import.meta.url)
const texts = (await Promise.all(SENTIMENT_LANGUAGES.map(readSentimentTraining))).flat()
await writeFile(file, `${JSON.stringify(trainSentiment(texts), undefined, 2)}\n`)
process.stdout.write(`trained from ${texts.length} texts\n`)
