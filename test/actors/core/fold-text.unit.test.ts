import { describe, expect, it } from 'vitest'
import { foldAccents, foldHan, foldText, spellSigns } from '../../../actors/core/fold-text.ts'

describe('foldHan', () => {
  it.each([
    ['退貨運費由誰承擔？', '退货运费由谁承担？'],
    ['我的頭髮和發票', '我的头发和发票'],
    ['什麼時候發貨', '什么时候发货'],
    ['臺灣與台灣', '台湾与台湾'],
    ['看著裡面', '看着里面'],
    ['乾淨', '干净'],
  ])('makes %s and %s equal', (traditional, simplified) => {
    expect(foldHan(traditional)).toBe(foldHan(simplified))
  })

  it('leaves texts without Han characters, and keeps the number of characters', () => {
    for (const text of ['plain text', 'ひらがな', '한국어', '👩‍👩‍👧', '\ud800']) expect(foldHan(text)).toBe(text)
    const all = Array.from({ length: 0x9fff - 0x3400 }, (_, index) => String.fromCodePoint(0x3400 + index)).join('')
    expect([...foldHan(all)]).toHaveLength([...all].length)
    expect(foldHan(foldHan(all))).toBe(foldHan(all))
  })
})

describe('foldAccents', () => {
  it.each([
    ['café', 'cafe'],
    ['straße', 'strasse'],
    ['łódź', 'lodz'],
    ['smørrebrød', 'smorrebrod'],
    ['ångström', 'angstrom'],
    ['é', 'e'],
    ['άλφα', 'αλφα'],
  ])('makes %s %s', (accented, plain) => {
    expect(foldAccents(accented)).toBe(plain)
    expect(foldAccents(accented.normalize('NFD'))).toBe(plain)
  })

  it('keeps marks that make another letter', () => {
    for (const text of ['йод', 'がっこう', 'हिन्दी', '한국어']) expect(foldAccents(text)).toBe(text)
  })
})

describe('spellSigns', () => {
  it('spells the signs of names, in texts of any script', () => {
    expect(spellSigns('C#, C++ and C').split(/[ ,]+/)).toEqual(['Csharp', 'Cplusplus', 'and', 'C'])
    expect(spellSigns('学习C#语言和C++17')).toBe('学习Csharp 语言和Cplusplus 17')
    expect(spellSigns('Notepad++').trim()).toBe('Notepad plusplus')
    for (const text of ['#order', 'order#4711', '1 + 1', 'a+b', '## Title', 'A#b']) expect(spellSigns(text)).toBe(text)
  })

  it('takes time in proportion to the text, whatever it is', () => {
    const startedMs = performance.now()
    for (const part of ['a', '+', 'a+', '#', 'a#', '++']) foldText(part.repeat(200_000))
    expect(performance.now() - startedMs).toBeLessThan(5_000)
  })
})
