// In another language than English, a page that has no text in it shows the English one, and says so.

import type {ReactNode} from 'react';
import {useDoc} from '@docusaurus/plugin-content-docs/client';
import Translate from '@docusaurus/Translate';
import useDocusaurusContext from '@docusaurus/useDocusaurusContext';
import Original from '@theme-original/DocItem/Content';
import type {Props} from '@theme/DocItem/Content';

export default function Content(props: Props): ReactNode {
  const {i18n: {currentLocale, defaultLocale}} = useDocusaurusContext();
  const {metadata: {source}} = useDoc();
  if (currentLocale === defaultLocale || source.includes(`/i18n/${currentLocale}/`)) return <Original {...props} />;
  return (
    <>
      <p className="only-english" role="note">
        <Translate id="page.onlyEnglish" description="On a page that is not translated yet">This page is in English only.</Translate>
      </p>
      <div lang={defaultLocale}><Original {...props} /></div>
    </>
  );
}
