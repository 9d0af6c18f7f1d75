// A reference page is changed by changing its spec; the link says so. Beside it stands the page's Markdown twin.

import type {ReactNode} from 'react';
import Link from '@docusaurus/Link';
import {useLocation} from '@docusaurus/router';
import Translate from '@docusaurus/Translate';
import Original from '@theme-original/EditThisPage';
import type {Props} from '@theme/EditThisPage';

export default function EditThisPage({editUrl}: Props): ReactNode {
  const {pathname} = useLocation();
  const twin = `${pathname.replace(/\/$/, '')}.md`;
  return (
    <span className="sources">
      {editUrl.includes('/specs') ? (
        <Link to={editUrl} className="theme-edit-this-page">
          <Translate id="reference.editThisSpec" description="The link to the source of a reference page">
            Edit this spec
          </Translate>
        </Link>
      ) : (
        <Original editUrl={editUrl} />
      )}
      {' · '}
      <a href={twin}>
        <Translate id="page.markdown" description="The link to the page as Markdown">View as Markdown</Translate>
      </a>
    </span>
  );
}
