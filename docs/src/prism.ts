// The colours of code, on the site's own ground: each is dark or light enough to be read (4.5 to 1 at least).

import type {PrismTheme} from 'prism-react-renderer';

interface Colours {
  plain: string;
  ground: string;
  comment: string;
  text: string;
  word: string;
  name: string;
  number: string;
  mark: string;
}

function theme({plain, ground, comment, text, word, name, number, mark}: Colours): PrismTheme {
  return {
    plain: {color: plain, backgroundColor: ground},
    styles: [
      {types: ['comment', 'prolog'], style: {color: comment, fontStyle: 'italic'}},
      {types: ['string', 'char', 'attr-value', 'regex'], style: {color: text}},
      {types: ['keyword', 'builtin', 'class-name', 'atrule', 'tag', 'selector', 'function-name'], style: {color: word}},
      {types: ['function', 'property', 'key', 'attr-name', 'parameter', 'variable', 'label'], style: {color: name}},
      {types: ['number', 'boolean', 'constant', 'symbol'], style: {color: number}},
      {types: ['operator', 'punctuation', 'delimiter', 'entity', 'url'], style: {color: mark}},
    ],
  };
}

export const light = theme({
  plain: '#14222c', ground: '#f5f7f6', comment: '#56656d', text: '#8f3410', word: '#6b3a94', name: '#0a5f69', number: '#8a4200', mark: '#3d4d57',
});

export const dark = theme({
  plain: '#e4ebec', ground: '#16212a', comment: '#9aabb3', text: '#f2ad86', word: '#cdb0f3', name: '#7bd3d8', number: '#f0c987', mark: '#b4c3c9',
});
