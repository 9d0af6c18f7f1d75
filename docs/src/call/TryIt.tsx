// The form that puts a call together. What it needs is loaded when it is opened.

import {lazy, Suspense, useState, type ReactNode} from 'react';
import Translate from '@docusaurus/Translate';
import styles from './styles.module.css';

const Form = lazy(() => import('./Form'));

export interface Props {
  /** The command's kebab name. */
  command: string;
  /** The scope whose descriptor holds it. */
  scope: string;
}

export function TryIt(props: Props): ReactNode {
  const [isOpen, setOpen] = useState(false);
  return (
    <div className={`try ${styles.try}`}>
      {isOpen ? (
        <Suspense fallback={<p role="status"><Translate id="try.loading">Loading …</Translate></p>}>
          <Form {...props} />
        </Suspense>
      ) : (
        <>
          <button type="button" className={styles.main} onClick={() => setOpen(true)}>
            <Translate id="try.open">Put the call together</Translate>
          </button>
          <span className={styles.note}>
            <Translate id="try.what">as a command, as Rust, as cURL and as JSON; and send it to a simulated portal</Translate>
          </span>
        </>
      )}
    </div>
  );
}
