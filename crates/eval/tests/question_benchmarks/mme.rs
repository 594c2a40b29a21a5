use super::*;

#[tokio::test]
async fn mme_is_read_from_both_layouts_of_its_tasks() {
    let folder = folder();
    for stem in ["one", "two"] {
        write(&folder.path().join(format!("existence/{stem}.png")), picture());
        let pair = "Is A? Please answer yes or no.\tYes\r\nIs B? Please answer yes or no.\tNo\r\n";
        write(&folder.path().join(format!("existence/{stem}.txt")), pair);
    }
    write(&folder.path().join("posters/images/p.jpg"), picture());
    write(&folder.path().join("posters/questions_answers_YN/p.txt"), "Is A?\tYes\nIs B?\tNo");
    write(&folder.path().join("eval_tool/readme.md"), "not a task");
    let benchmark = open("mme", folder.path(), None);
    let answers = [
        ("existence/one/1", "Yes"),
        ("existence/one/2", "no."),
        ("existence/two/1", "Yes, it is."),
        ("existence/two/2", "Another thing"),
        ("posters/p/1", "The answer is yes"),
        ("posters/p/2", "No"),
    ];
    let responses = answered(benchmark.as_ref(), folder.path(), &answers).await;
    assert_eq!(responses.len(), 6);
    let scores = benchmark.score(&responses);
    assert_eq!(number(&scores, "MME", "existence", "score"), 200.0);
    assert_eq!(number(&scores, "MME", "posters", "score"), 50.0);
    assert_eq!(number(&scores, "MME, sums", "perception", "score"), 250.0);
    assert_eq!(number(&scores, "MME, sums", "cognition", "tasks"), 0.0);
    assert_eq!(number(&scores, HIDDEN, "posters", "unclear"), 1.0);
    assert!(scores.notes.iter().any(|note| note.contains("2 tasks of 10")), "{:?}", scores.notes);

    let plain = open("mme", folder.path(), Some("plain")).score(&responses);
    assert_eq!(number(&plain, "MME", "posters", "score"), 200.0);
    let part = responses.into_iter().filter(|(id, _)| id.ends_with("/1")).collect();
    let part = benchmark.score(&part);
    assert!(part.notes.iter().any(|note| note.contains("3 answers stand without")), "{:?}", part.notes);
}

#[test]
fn faulty_mme_data_is_told_with_file_and_line() {
    let folder = folder();
    assert!(fault("mme", folder.path(), None).contains("expected the folders of the tasks"));
    let path = folder.path().join("count/a.txt");
    for (content, words) in [
        ("Is A?\tYes\nIs B? No", "line 2: expected a question, a tab"),
        ("Is A?\tYes\nIs B?\tmaybe", "line 2: the answer is `maybe`"),
        ("Is A?\tYes", "there are 1 questions"),
    ] {
        write(&folder.path().join("count/a.png"), picture());
        write(&path, content);
        let fault = fault("mme", folder.path(), None);
        assert!(fault.contains(words) && fault.contains("a.txt"), "{fault}");
    }
    std::fs::remove_file(folder.path().join("count/a.png")).unwrap();
    assert!(fault("mme", folder.path(), None).contains("no picture `a`"));
}
