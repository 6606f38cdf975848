import { clip } from './clip.ts'
import { createCoverage } from './coverage.ts'
import { ANSWER_CHARS_MAX, type Answer, type AnswerInput } from './definition.ts'
import type { Article } from './knowledge.ts'
import { cited } from './replies.ts'
import { phrasesOf, termsOf } from './terms.ts'

/** Neighbouring sentences that are quoted together. */
const SENTENCES_MAX = 3
/** A sentence more must bring this share of the question. */
const SENTENCE_COST = 0.05

/** What counts beside the words of the question: that they stand together, and the words of the question before. */
const PHRASES_WEIGHT = 0.3
const ABOUT_WEIGHT = 0.1

/**
 * Answers by quoting: from the best article in the language of the question, the neighbouring sentences that speak of most
 * of it beyond what the title says. Nothing is added but the title. `text` is null where there is no such article.
 */
export function createExtract(articles: readonly Article[]): (input: AnswerInput) => Answer {
  const coverageOf = createCoverage(articles)

  return ({ text, about, lang, hits }) => {
    const hit = hits.find((found) => found.lang === lang)
    if (hit === undefined) return { text: null, sources: [] }
    const known = termsOf(hit.title)
    const [covers, coversAbout, phrases] = [coverageOf(text), coverageOf(about ?? ''), new Set(phrasesOf(text))]

    const worthOf = (passage: string): number => {
      const terms = new Set([...known, ...termsOf(passage)])
      const together = phrasesOf(passage).filter((phrase) => phrases.has(phrase)).length / Math.max(1, phrases.size)
      return covers(terms) + PHRASES_WEIGHT * together + ABOUT_WEIGHT * coversAbout(terms)
    }
    return {
      text: clip(cited(bestPassage(sentencesOf(hit.text, lang), worthOf), [hit.title], lang), ANSWER_CHARS_MAX),
      sources: [{ source: hit.source, score: hit.score }],
    }
  }
}

/** The sentences of a text; a question stays with what answers it. */
function sentencesOf(text: string, lang: string): string[] {
  const sentences: string[] = []
  for (const { segment } of new Intl.Segmenter(lang, { granularity: 'sentence' }).segment(text)) {
    const before = sentences.at(-1)
    if (before !== undefined && /[?？]\s*$/.test(before)) sentences[sentences.length - 1] = before + segment
    else sentences.push(segment)
  }
  return sentences
}

function bestPassage(sentences: readonly string[], worthOf: (passage: string) => number): string {
  let best = { passage: '', worth: -Infinity }
  for (let from = 0; from < sentences.length; from++) {
    for (let to = from + 1; to <= Math.min(from + SENTENCES_MAX, sentences.length); to++) {
      const passage = sentences.slice(from, to).join('').trim()
      const worth = worthOf(passage) - SENTENCE_COST * (to - from)
      if (worth > best.worth) best = { passage, worth }
    }
  }
  return best.passage
}
