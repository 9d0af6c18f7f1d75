// The home page: what this is, for whom, and why. Its figures are in figures.json, for all languages; docs/benchmarks.md
// proves them.

import type {ReactNode} from 'react';
import Link from '@docusaurus/Link';
import Translate, {translate} from '@docusaurus/Translate';
import useDocusaurusContext from '@docusaurus/useDocusaurusContext';
import Layout from '@theme/Layout';
import figures from '@site/src/figures.json';
import {usePartly} from '@site/src/translated';
import styles from './index.module.css';

interface Figure {
  figure: ReactNode;
  of: ReactNode;
  /** Where it is proved. */
  proof: string;
}

/** The figures, each with what it is of; their numbers are written as the language does. */
function useFigures(): Figure[] {
  const {i18n: {currentLocale}} = useDocusaurusContext();
  const written = Object.fromEntries(
    Object.entries(figures).map(([name, number]) => [name, number.toLocaleString(currentLocale)]),
  ) as Record<keyof typeof figures, string>;
  return [
    {
      figure: <Translate id="home.methods.figure" values={written}>{'{methods} methods'}</Translate>,
      of: <Translate id="home.methods">of REST 2 and 3.0, each typed, each a command, each with a page of its own</Translate>,
      proof: '/reference',
    },
    {
      figure: <Translate id="home.requests.figure" values={written}>{'{requests} requests'}</Translate>,
      of: (
        <Translate id="home.requests" values={written}>
          {'read a list of {list}, whole and in order; page by page it takes {requestsPageByPage}'}
        </Translate>
      ),
      proof: '/measurements#the-client-beside-its-peers',
    },
    {
      figure: <Translate id="home.faults.figure">Nothing was made twice</Translate>,
      of: (
        <Translate id="home.faults" values={written}>
          {'in {runs} runs with cut connections, half answers and error pages; what is unknown is called unknown'}
        </Translate>
      ),
      proof: '/measurements#faults',
    },
    {
      figure: <Translate id="home.start.figure" values={written}>{'{startMilliseconds} ms'}</Translate>,
      of: (
        <Translate id="home.start" values={written}>
          {'of processor time to understand one of {commands} commands and show its request'}
        </Translate>
      ),
      proof: '/measurements#starting-oint',
    },
  ];
}

export default function Home(): ReactNode {
  const partly = usePartly();
  return (
    <Layout
      title={translate({id: 'home.title', message: 'Bitrix24 from Rust and the command line'})}
      description={translate({id: 'home.description', message: 'A Rust client, a command line and a reference for every REST method of Bitrix24, made from one description of each.'})}>
      <main className={styles.home}>
        <section className={styles.hero}>
          <div>
            <h1>
              <Translate id="home.heading.first">Every Bitrix24 method.</Translate>
              <br />
              <Translate id="home.heading.second">One line away.</Translate>
            </h1>
            <p className={styles.lead}>
              <Translate id="home.lead">
                A typed Rust client, the command oint and this reference, all made from one description of each REST method, so
                that they cannot disagree.
              </Translate>
            </p>
            <p className={styles.whom}>
              <Translate id="home.whom">
                For those who write integrations in Rust, automate a portal from a shell, or come from 1C:Enterprise and OneScript:
                all 179 functions of the Open Integration Package answer to their own names.
              </Translate>
            </p>
            <p className={styles.ways}>
              <Link className={styles.start} to="/tour#the-first-call"><Translate id="home.start.tour">Start in ten minutes</Translate></Link>
              <Link className={styles.look} to="/reference"><Translate id="home.reference">Browse the reference</Translate></Link>
            </p>
            <p className={styles.free}>
              <Translate id="home.sandbox">No account needed: a simulated portal runs on your machine.</Translate>
            </p>
          </div>
          <div className={styles.window} role="img" aria-label={translate({id: 'home.terminal', message: 'A terminal: the command UpdateUser and its answer'})}>
            <pre>
              <span className={styles.dim}>$ </span>oint sandbox &amp;{'\n'}
              <span className={styles.dim}>$ </span>oint bitrix24 <b>UpdateUser</b> \{'\n'}
              {'    '}--url <i>http://127.0.0.1:8024/rest/1/…/</i> \{'\n'}
              {'    '}--userid <i>2150</i> \{'\n'}
              {'    '}--fields <i>{'"{\'NAME\':\'Oleg\'}"'}</i>{'\n'}
              <b>true</b>{'\n\n'}
              <span className={styles.dim}>{'// the same from Rust'}</span>{'\n'}
              user::update(<i>2150</i>).name(<i>"Oleg"</i>){'\n'}
              {'    '}.send(&amp;client).<b>await</b>?;
            </pre>
          </div>
        </section>
        <section className={styles.figures} aria-label={translate({id: 'home.figures', message: 'Figures'})}>
          {useFigures().map(({figure, of, proof}) => (
            <div key={proof}>
              <strong data-figure><Link to={proof}>{figure}</Link></strong>
              <span>{of}</span>
            </div>
          ))}
        </section>
        {partly && (
          <p className={styles.proof} data-translated>
            <Translate id="home.translated" values={{translated: partly.translated, pages: partly.pages}}>
              {'{translated} of the {pages} pages of the reference are in this language so far; the others are in English.'}
            </Translate>
          </p>
        )}
        <p className={styles.proof}>
          <Link to="/measurements"><Translate id="home.proof">How this was measured, and against whom</Translate></Link>
        </p>
      </main>
    </Layout>
  );
}
