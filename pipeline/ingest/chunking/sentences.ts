import type { Piece } from './pack-chunks.ts'

/** After an empty line. What stands between is bounded, so that a megabyte of blanks takes no longer than one of words. */
const PARAGRAPH = /(?<=\n[ \t]{0,8}\n)(?=[^\n])/u
/** After the end of a sentence of either language with what closes it, and after a line. */
const SENTENCE = /(?<=[。！？…][”’」』）)"']{0,3})(?![”’」』）)"'。！？…])|(?<=[.!?]["'”’)\]]{0,3}\s{1,8})(?=\S)|(?<=\n)/u

/** The sentences of a text, a paragraph beginning with each first one. */
export const sentencesOf = (text: string): Piece[] =>
  paragraphsOf(text).flatMap((paragraph) => paragraph.split(SENTENCE).filter((sentence) => sentence !== '').map((sentence, index) => ({ text: sentence, begins: index === 0 })))

export const paragraphsOf = (text: string): string[] => text.split(PARAGRAPH).filter((paragraph) => paragraph !== '')
