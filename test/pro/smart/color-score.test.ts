// Tests of scoreColor() on pictures that capture devices show.
import assert from 'node:assert/strict';
import { defaultColorRule, scoreColor, type ColorRule } from '../../../pro/smart/color-score.ts';
import { picture, PICTURES } from './pictures.ts';

const TISSUE: ColorRule = { ...defaultColorRule, metric: 'tissue' };

describe('scoreColor()', () => {
  for (const name of ['black', 'grey', 'greyNoise'] as const) {
    it(`finds no color in ${name}`, () => {
      assert.deepEqual(scoreColor(PICTURES[name], defaultColorRule), { score: 0, isFlat: false });
    });
  }

  for (const name of ['blueCard', 'blueCardWithText', 'blackWithLogo'] as const) {
    it(`takes ${name} for no signal`, () => {
      assert.deepEqual(scoreColor(PICTURES[name], defaultColorRule), { score: 0, isFlat: true });
    });
  }

  it('counts plain pictures when they are not ignored', () => {
    const rule = { ...defaultColorRule, ignoresFlat: false };
    assert.deepEqual(scoreColor(PICTURES.blueCard, rule), { score: 100, isFlat: true });
  });

  it('counts colored pixels of bars, gradients and tissue', () => {
    assert.equal(scoreColor(PICTURES.colorBars, defaultColorRule).score, 85);
    assert.ok(scoreColor(PICTURES.gradient, defaultColorRule).score > 90);
    const tissue = scoreColor(PICTURES.tissue, defaultColorRule);
    assert.ok(tissue.score > 55 && !tissue.isFlat, JSON.stringify(tissue));
  });

  it('counts the color of tissue only', () => {
    assert.ok(scoreColor(PICTURES.tissue, TISSUE).score > 40);
    assert.ok(scoreColor(PICTURES.colorBars, TISSUE).score < 5);
  });

  it('counts inside the limits of a box, both included', () => {
    const box = { min: 10, max: 20 };
    const rule: ColorRule = {
      ...defaultColorRule,
      metric: 'box',
      box: { red: box, green: box, blue: { min: 0, max: 255 } },
    };
    const half = picture((x) => (x < 50 ? [10, 20, x * 2] : [9, 20, x * 2]));
    assert.equal(scoreColor(half, rule).score, 50);
  });

  it('takes a tolerance for grey', () => {
    const tinted = picture((x) => [100, 100, 100 + (x % 40)]);
    const rule = { ...defaultColorRule, ignoresFlat: false };
    assert.equal(scoreColor(tinted, { ...rule, greyTolerance: 39 }).score, 0);
    assert.equal(scoreColor(tinted, { ...rule, greyTolerance: 38 }).score, 2);
  });

  it('takes no pixels for no color', () => {
    assert.deepEqual(scoreColor({ rgb: new Uint8Array(2) }, TISSUE), { score: 0, isFlat: false });
  });
});
