//! Cutting a batch into requests: at most fifty commands in one, in their order, and where it can be helped never between
//! a command and one that refers to it.

/// The most commands that the portal takes in one request.
pub(crate) const MOST: usize = 50;
/// The most bytes of commands in one request: more are spread over several, so that no answer takes a minute.
const MOST_BYTES: usize = 8 << 20;

/// What the plan must know of a command.
#[derive(Clone, Debug, Default)]
pub(super) struct Plan {
    /// Its length as a command; none where it is sent by itself.
    pub(super) bytes: Option<usize>,
    /// The earlier commands that it refers to.
    pub(super) needs: Vec<usize>,
}

/// One request of the plan: the numbers of its commands. One command alone is a call of its own.
pub(super) type Step = Vec<usize>;

/// Cuts. `in_order`: a command that is sent by itself separates those before it from those behind; otherwise those that
/// can travel together do.
pub(super) fn cut(commands: &[Plan], in_order: bool) -> Vec<Step> {
    let mut steps = Vec::new();
    let mut run = Vec::new();
    let mut alone = Vec::new();
    for (at, command) in commands.iter().enumerate() {
        match command.bytes {
            Some(_) => run.push(at),
            None if in_order => {
                cut_run(commands, &std::mem::take(&mut run), &mut steps);
                steps.push(vec![at]);
            }
            None => alone.push(vec![at]),
        }
    }
    cut_run(commands, &run, &mut steps);
    steps.append(&mut alone);
    steps
}

/// Cuts commands that may all travel together.
fn cut_run(commands: &[Plan], run: &[usize], steps: &mut Vec<Step>) {
    let mut rest = run;
    while !rest.is_empty() {
        let mut bytes = 0;
        let fits = rest.iter().take(MOST).take_while(|at| {
            bytes += commands[**at].bytes.unwrap_or_default();
            bytes <= MOST_BYTES
        });
        let most = fits.count().max(1);
        // The last place within reach that no reference crosses.
        let end = if most == rest.len() {
            most
        } else {
            (1..=most).rev().find(|end| is_free(commands, rest, *end)).unwrap_or(most)
        };
        steps.push(rest[..end].to_vec());
        rest = &rest[end..];
    }
}

fn is_free(commands: &[Plan], rest: &[usize], end: usize) -> bool {
    let first = rest[0];
    let crosses = |need: &usize| *need >= first && *need < rest[end];
    // References reach back, and nobody refers further ahead than the next few requests.
    !rest[end..].iter().take(MOST * 2).any(|at| commands[*at].needs.iter().any(crosses))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn plans(count: usize, needs: &[(usize, usize)]) -> Vec<Plan> {
        let mut plans = vec![Plan { bytes: Some(20), needs: Vec::new() }; count];
        for (from, to) in needs {
            plans[*from].needs.push(*to);
        }
        plans
    }

    fn lengths(steps: &[Step]) -> Vec<usize> {
        steps.iter().map(Vec::len).collect()
    }

    #[test]
    fn fifty_travel_together_and_linked_ones_stay_together() {
        assert_eq!(lengths(&cut(&plans(120, &[]), true)), [50, 50, 20]);
        // 48 … 51 hang together.
        assert_eq!(lengths(&cut(&plans(60, &[(50, 48), (51, 49)]), true)), [48, 12]);
        // A chain of 60 has to be cut.
        let chain: Vec<_> = (1..60).map(|at| (at, at - 1)).collect();
        assert_eq!(lengths(&cut(&plans(60, &chain), true)), [50, 10]);
        assert!(cut(&[], true).is_empty());
    }

    #[test]
    fn what_is_sent_alone_keeps_its_place_where_order_matters() {
        let mut commands = plans(5, &[]);
        commands[2].bytes = None;
        assert_eq!(cut(&commands, true), [vec![0, 1], vec![2], vec![3, 4]]);
        assert_eq!(cut(&commands, false), [vec![0, 1, 3, 4], vec![2]]);
    }

    #[test]
    fn large_commands_are_spread() {
        let mut commands = plans(5, &[]);
        commands.iter_mut().for_each(|command| command.bytes = Some(3 << 20));
        assert_eq!(lengths(&cut(&commands, true)), [2, 2, 1]);
        commands[0].bytes = Some(100 << 20);
        assert_eq!(lengths(&cut(&commands, true)), [1, 2, 2]);
    }

    proptest! {
        #[test]
        fn every_command_travels_once_in_order(
            count in 0..160usize,
            links in proptest::collection::vec((1..160usize, 0..160usize), 0..8),
            alone in proptest::collection::vec(0..160usize, 0..4),
            in_order: bool,
        ) {
            let links: Vec<_> = links.into_iter().filter(|(from, to)| *from < count && to < from).collect();
            let mut commands = plans(count, &links);
            alone.into_iter().filter(|at| *at < count).for_each(|at| commands[at].bytes = None);
            let steps = cut(&commands, in_order);
            let mut sent: Vec<usize> = steps.concat();
            prop_assert!(steps.iter().all(|step| !step.is_empty() && step.len() <= MOST));
            prop_assert!(steps.iter().all(|step| step.is_sorted()));
            if in_order {
                prop_assert!(sent.is_sorted());
            }
            sent.sort_unstable();
            prop_assert_eq!(sent, (0..count).collect::<Vec<_>>());
        }
    }
}
