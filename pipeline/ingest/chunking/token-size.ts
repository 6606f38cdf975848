/** About the tokens that usual models make of a text, which no model need be loaded for: a character of Chinese, Japanese or Korean each, four others. */
export function sizeOf(text: string): number {
  const dense = text.match(DENSE)?.length ?? 0
  return dense + (text.length - dense) / OTHERS_PER_TOKEN
}

const DENSE = /[\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff\uff00-\uffef]/g
const OTHERS_PER_TOKEN = 4
