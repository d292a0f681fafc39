"""The concepts that pages, reports and docs speak of: two sentences each, with a source.

The text is part of the package, so that an installed dashboard shows it without a network.
``python -m docs.make_glossary`` writes docs/glossary.md from it.
"""

from dataclasses import dataclass

__all__ = ["ENTRIES", "Entry", "found"]


@dataclass(frozen=True)
class Entry:
    term: str
    text: str
    """What it is, then how it is used or read here; plain text."""
    source: str
    """Authors, year, title."""
    doi: str


def found(words: str) -> list[Entry]:
    """The entries that hold all of the words, whatever their case, in term or text; those with one
    in the term come first. All entries for no word."""
    asked = words.casefold().split()
    held = [
        entry
        for entry in ENTRIES
        if all(word in f"{entry.term} {entry.text}".casefold() for word in asked)
    ]
    return sorted(held, key=lambda entry: not any(word in entry.term.casefold() for word in asked))


ENTRIES = (
    Entry(
        "Additive decomposition of the logit",
        "Where the last layer is linear after global average pooling, a logit is exactly the sum "
        "of one term for each head and each position of its last feature map, and a constant. The "
        "terms can be added, ranked and compared between classes without an approximation.",
        "Zhou et al. 2016, Learning deep features for discriminative localization",
        "10.1109/CVPR.2016.319",
    ),
    Entry(
        "Area under the ROC curve (AUC)",
        "The probability that an image of the class has a higher score than an image of another "
        "class, ties counting half. It is 0.5 for scores without information, and depends neither "
        "on the operating point nor on how frequent the class is.",
        "Hanley and McNeil 1982, The meaning and use of the area under a receiver operating "
        "characteristic (ROC) curve",
        "10.1148/radiology.143.1.7063747",
    ),
    Entry(
        "Argmax",
        "The decision rule that predicts the class with the highest score, here with the highest "
        "sum of the heads' logits. It makes the fewest errors only where the scores are true "
        "probabilities and all errors cost the same.",
        "Chow 1970, On optimum recognition error and reject tradeoff",
        "10.1109/TIT.1970.1054406",
    ),
    Entry(
        "Attribution map",
        "A value for each pixel or cell of an image that says how much it contributes to the "
        "target, such as the logit of a class. Methods define the contribution differently, so "
        "that their maps compare only in a common unit.",
        "Simonyan et al. 2013, Deep inside convolutional networks: visualising image "
        "classification models and saliency maps",
        "10.48550/arXiv.1312.6034",
    ),
    Entry(
        "Automation bias",
        "Following help because it was given, right or wrong. Measured where help is wrong: "
        "the share of answers that name its class, less the share that would without it.",
        "Goddard et al. 2012, Automation bias: a systematic review of frequency, effect "
        "mediators, and mitigators",
        "10.1136/amiajnl-2011-000089",
    ),
    Entry(
        "Average precision",
        "The area under the precision-recall curve as a sum over thresholds: the mean precision "
        "at the ranks of the images of the class. Its value without any information is the "
        "class's frequency, so that it compares between data sets of one frequency only.",
        "Davis and Goadrich 2006, The relationship between precision-recall and ROC curves",
        "10.1145/1143844.1143874",
    ),
    Entry(
        "Balanced accuracy",
        "The mean of the sensitivities of all classes that have images. A frequent class weighs no "
        "more in it than a rare one.",
        "Brodersen et al. 2010, The balanced accuracy and its posterior distribution",
        "10.1109/ICPR.2010.764",
    ),
    Entry(
        "Brier score",
        "The mean squared distance between the predicted probabilities and what is so, here "
        "summed over all classes, from 0 to 2. It falls with calibration and with "
        "discrimination, which its decomposition tells apart.",
        "Steyerberg et al. 2010, Assessing the performance of prediction models",
        "10.1097/EDE.0b013e3181c30fb2",
    ),
    Entry(
        "Calibration",
        "Probabilities are calibrated where, of the images that get a probability of 70 %, "
        "about 70 % are of the class. A reliability diagram shows it bin by bin, and networks "
        "tend to be too sure.",
        "Guo et al. 2017, On calibration of modern neural networks",
        "10.48550/arXiv.1706.04599",
    ),
    Entry(
        "Clustered data",
        "Observations that come in groups, such as several images of one patient, which are more "
        "alike than images of different patients. Intervals that take them as independent are too "
        "narrow.",
        "Obuchowski 1997, Nonparametric analysis of clustered ROC curve data",
        "10.2307/2533958",
    ),
    Entry(
        "Colour constancy",
        "A correction that estimates the colour of the light and takes it out of the image, such "
        "as Shades of Grey. It makes images from different cameras and lamps more alike.",
        "Barata et al. 2015, Improving dermoscopy image classification using color constancy",
        "10.1109/JBHI.2014.2336473",
    ),
    Entry(
        "Completeness",
        "The property of an attribution method that the values of a map add up to the target's "
        "value, less that of a reference input. Only such values can be read as shares of the "
        "target.",
        "Sundararajan et al. 2017, Axiomatic attribution for deep networks",
        "10.48550/arXiv.1703.01365",
    ),
    Entry(
        "Confident learning",
        "A search for label errors: an image is suspected where the network gives another class at "
        "least the probability that images of that class have on average. Possible label errors "
        "are "
        "images to check, since a hard case looks the same.",
        "Northcutt et al. 2021, Confident learning: estimating uncertainty in dataset labels",
        "10.1613/jair.1.12125",
    ),
    Entry(
        "Confusion matrix",
        "A table of counts with a row for each true class and a column for each predicted class. "
        "Images on its diagonal are predicted correctly; every other cell is one kind of error.",
        "Stehman 1997, Selecting and interpreting measures of thematic classification accuracy",
        "10.1016/S0034-4257(97)00083-7",
    ),
    Entry(
        "Contrast map",
        "An attribution map whose target is the difference of two classes' logits. Positive values "
        "speak for the first class rather than the second, and exchanging the classes turns the "
        "sign.",
        "Jacovi et al. 2021, Contrastive explanations for model interpretability",
        "10.18653/v1/2021.emnlp-main.120",
    ),
    Entry(
        "Control map",
        "A map that does not depend on what the network does with the image, here random noise or "
        "a Gaussian in the centre. A measure of faithfulness says something of a method only where "
        "the method does better than the controls.",
        "Bylinskii et al. 2019, What do different evaluation metrics tell us about saliency "
        "models?",
        "10.1109/TPAMI.2018.2815601",
    ),
    Entry(
        "Counterfactual",
        "A small change of an image that would have led to another prediction, here the "
        "replacement of superpixels. It describes the network and not the disease: what changes "
        "the prediction need not be a sign that a clinician would look for.",
        "Goyal et al. 2019, Counterfactual visual explanations",
        "10.48550/arXiv.1904.07451",
    ),
    Entry(
        "Cross-validation",
        "Training as many networks as there are folds, each measured on the fold that it was not "
        "trained on, so that every image is used for measuring once. Folds are divided by patient "
        "here, since images of one patient are alike.",
        "Stone 1974, Cross-validatory choice and assessment of statistical predictions",
        "10.1111/j.2517-6161.1974.tb00994.x",
    ),
    Entry(
        "Decision curve",
        "The net benefit of acting on a class by the probability from which on one acts: the share "
        "of images found, less that of false alarms times the odds of that probability. It is "
        "compared with acting on all images and on none, and needs no other costs.",
        "Vickers and Elkin 2006, Decision curve analysis: a novel method for evaluating "
        "prediction models",
        "10.1177/0272989X06295361",
    ),
    Entry(
        "Deletion",
        "A measure of faithfulness: the mean of the target while pixels are removed from the image "
        "in the order of the map, the most important first. Lower is better; the result depends on "
        "what stands in for removed pixels, here blur or inpainting.",
        "Petsiuk et al. 2018, RISE: randomized input sampling for explanation of black-box models",
        "10.48550/arXiv.1806.07421",
    ),
    Entry(
        "DeLong's method",
        "An estimate of the variance of AUCs, and of their differences, from how each image ranks "
        "among the images of the other group. It needs no assumption on the distribution of the "
        "scores; over patients it is summed as Obuchowski does.",
        "DeLong et al. 1988, Comparing the areas under two or more correlated receiver operating "
        "characteristic curves: a nonparametric approach",
        "10.2307/2531595",
    ),
    Entry(
        "Design effect",
        "The variance of an estimate from clustered images, divided by that from as many "
        "independent ones. Images divided by it are the effective sample size, from which an "
        "interval of a share is computed.",
        "Rao and Scott 1992, A simple method for the analysis of clustered binary data",
        "10.2307/2532311",
    ),
    Entry(
        "Distribution shift",
        "A difference between the images that a network was developed on and those that it is "
        "used on, in patients, devices, classes or anything else. Columns are compared one by "
        "one, and a regression on the features tells whether the two parts can be told apart at "
        "all.",
        "Finlayson et al. 2021, The clinician and dataset shift in artificial intelligence",
        "10.1056/NEJMc2104626",
    ),
    Entry(
        "Effective number of patients",
        "The number of patients with equally many images that would tell as much as these with "
        "unequal numbers: the squared sum of the numbers, divided by the sum of their squares. It "
        "is far below the number of patients where a few have most of the images.",
        "Rao and Scott 1992, A simple method for the analysis of clustered binary data",
        "10.2307/2532311",
    ),
    Entry(
        "Error tree",
        "A decision tree over metadata and image quality that parts images with many errors "
        "from images with few. Error rates of its nodes are those of patients who have not "
        "grown it, since those who have would make them too high.",
        "Athey and Imbens 2016, Recursive partitioning for heterogeneous causal effects",
        "10.1073/pnas.1510489113",
    ),
    Entry(
        "Expected calibration error (ECE)",
        "The mean distance between probability and share of right predictions over the bins of "
        "a reliability diagram, weighted by their images. It depends on the bins, and is above "
        "0 by chance even where calibration is perfect, which the debiased form corrects.",
        "Guo et al. 2017, On calibration of modern neural networks",
        "10.48550/arXiv.1706.04599",
    ),
    Entry(
        "Exponential moving average",
        "An average of the weights over the steps of a training, in which earlier steps count less "
        "and less. The averaged network is often better than that of the last step, and is the one "
        "that is validated and kept.",
        "Polyak and Juditsky 1992, Acceleration of stochastic approximation by averaging",
        "10.1137/0330046",
    ),
    Entry(
        "Faithfulness",
        "How far an explanation agrees with what the network really computes, whether or not "
        "people find it plausible. It cannot be seen in a map; it is measured, by several measures "
        "that need not agree.",
        "Jacovi and Goldberg 2020, Towards faithfully interpretable NLP systems: how should we "
        "define and evaluate faithfulness?",
        "10.18653/v1/2020.acl-main.386",
    ),
    Entry(
        "Features",
        "The numbers that a head receives after global average pooling; of the final head, they "
        "are the network's description of an image. Projections and nearest neighbours compare "
        "images by them.",
        "Donahue et al. 2013, DeCAF: a deep convolutional activation feature for generic visual "
        "recognition",
        "10.48550/arXiv.1310.1531",
    ),
    Entry(
        "Fine-tuning",
        "Training that starts from the weights of a network that was trained on other data. Early "
        "layers are often kept fixed at first, and learn more slowly than late ones.",
        "Yosinski et al. 2014, How transferable are features in deep neural networks?",
        "10.48550/arXiv.1411.1792",
    ),
    Entry(
        "Grad-CAM",
        "An attribution method: the channels of a feature map are weighted by the mean gradient of "
        "the target and summed. On the last layer before global average pooling and a linear layer "
        "it is the additive decomposition by position.",
        "Selvaraju et al. 2017, Grad-CAM: visual explanations from deep networks via "
        "gradient-based localization",
        "10.1109/ICCV.2017.74",
    ),
    Entry(
        "Head",
        "A linear classifier at the end of the network, or, as an auxiliary head, behind an "
        "earlier block. The logits of all heads are summed, and each head's share is its vote.",
        "Szegedy et al. 2015, Going deeper with convolutions",
        "10.1109/CVPR.2015.7298594",
    ),
    Entry(
        "Held-out fold",
        "The part of the data that a network of a cross-validation was not trained on, and on "
        "which alone it is measured. Where the same fold also chose the epoch or the settings, the "
        "measure is too good.",
        "Varma and Simon 2006, Bias in error estimation when using cross-validation for model "
        "selection",
        "10.1186/1471-2105-7-91",
    ),
    Entry(
        "Holm's procedure",
        "Makes p-values larger by how many hypotheses are tested together: the smallest times "
        "their number, the next times one less, and so on. The chance that any true null "
        "hypothesis is rejected then stays below the level; here the hypotheses are the pairs of "
        "models.",
        "Aickin and Gensler 1996, Adjusting for multiple testing when reporting research results: "
        "the Bonferroni vs Holm methods",
        "10.2105/AJPH.86.5.726",
    ),
    Entry(
        "Infidelity",
        "A measure of faithfulness: the mean squared difference between what a map says that a "
        "perturbation takes from the target and what it really takes, at the map's best scale. "
        "Lower is better.",
        "Yeh et al. 2019, On the (in)fidelity and sensitivity of explanations",
        "10.48550/arXiv.1901.09392",
    ),
    Entry(
        "Insertion",
        "A measure of faithfulness: the mean of the target while pixels are given back to an "
        "obscured image in the order of the map, the most important first. Higher is better; it is "
        "deletion in the other direction.",
        "Petsiuk et al. 2018, RISE: randomized input sampling for explanation of black-box models",
        "10.48550/arXiv.1806.07421",
    ),
    Entry(
        "Integrated gradients",
        "An attribution method: gradients of the target are averaged along the straight line from "
        "a reference input to the image, and multiplied by the difference of the two. It is "
        "complete, and its maps depend on the reference input.",
        "Sundararajan et al. 2017, Axiomatic attribution for deep networks",
        "10.48550/arXiv.1703.01365",
    ),
    Entry(
        "Kappa",
        "Agreement beyond what frequencies alone would give: 0 as by chance, 1 perfect "
        "(Cohen: two raters; Fleiss: several). It depends on how frequent the classes are, so"
        " kappas of different sets of cases are hard to compare.",
        "Cohen 1960, A coefficient of agreement for nominal scales",
        "10.1177/001316446002000104",
    ),
    Entry(
        "KernelSHAP",
        "An attribution method: a weighted linear model of the target over random coalitions of "
        "superpixels, which estimates their Shapley values. It draws at random, so that maps of "
        "few coalitions differ from seed to seed.",
        "Lundberg and Lee 2017, A unified approach to interpreting model predictions",
        "10.48550/arXiv.1705.07874",
    ),
    Entry(
        "Krippendorff's alpha",
        "Agreement of any number of raters, with answers missing, on classes, ranks or "
        "numbers. One less the observed disagreement over that of all answers paired at "
        "random.",
        "Krippendorff 2004, Reliability in content analysis: some common misconceptions and "
        "recommendations",
        "10.1111/j.1468-2958.2004.tb00738.x",
    ),
    Entry(
        "Last-layer retraining",
        "Fitting the last linear layer of a network anew on its features, groups or classes "
        "weighing alike, while everything below stays. It shows whether the features suffice, in "
        "seconds and without a GPU.",
        "Kirichenko et al. 2022, Last layer re-training is sufficient for robustness to "
        "spurious correlations",
        "10.48550/arXiv.2204.02937",
    ),
    Entry(
        "Leakage",
        "Information of the images that a network is measured on that reached its training: the "
        "same file, a near-duplicate, the same lesion or the same patient. Measures are then "
        "better than on new patients.",
        "Kapoor and Narayanan 2023, Leakage and the reproducibility crisis in "
        "machine-learning-based science",
        "10.1016/j.patter.2023.100804",
    ),
    Entry(
        "Leakage premium",
        "A measure over all images, less the same measure without those that leak from training. "
        "It says how much of the measure is owed to images that the network has seen before.",
        "Yagis et al. 2021, Effect of data leakage in brain MRI classification using 2D "
        "convolutional neural networks",
        "10.1038/s41598-021-01681-w",
    ),
    Entry(
        "LIME",
        "An attribution method: a linear model of the target over images in which random "
        "superpixels are covered, fitted close to the original image. It draws at random, and "
        "depends on the superpixels and on what covers them.",
        "Ribeiro et al. 2016, “Why should I trust you?”: explaining the predictions of any "
        "classifier",
        "10.1145/2939672.2939778",
    ),
    Entry(
        "Linear probe",
        "A linear classifier fitted on features that a network gives, to learn what they hold. "
        "Where it tells two classes apart that the network confuses, the last layer is at fault "
        "and not the features.",
        "Alain and Bengio 2017, Understanding intermediate layers using linear classifier probes",
        "10.48550/arXiv.1610.01644",
    ),
    Entry(
        "Logit",
        "The number that a network gives for a class before softmax turns the numbers of all "
        "classes into probabilities. Only differences of logits of one image matter to the "
        "prediction.",
        "Bridle 1990, Probabilistic interpretation of feedforward classification network outputs, "
        "with relationships to statistical pattern recognition",
        "10.1007/978-3-642-76153-9_28",
    ),
    Entry(
        "Logit adjustment",
        "An offset for each class, added to its logit, that moves the borders between classes: by "
        "the logarithm of how frequent they were in training, or fitted on validation patients. "
        "It lowers the balanced error where a network prefers frequent classes, and leaves every "
        "AUC between two classes as it is.",
        "Menon et al. 2021, Long-tail learning via logit adjustment",
        "10.48550/arXiv.2007.07314",
    ),
    Entry(
        "Macro average",
        "The mean of a measure over classes, each class counting the same however many images it "
        "has. A micro average counts each image the same instead.",
        "Sokolova and Lapalme 2009, A systematic analysis of performance measures for "
        "classification tasks",
        "10.1016/j.ipm.2009.03.002",
    ),
    Entry(
        "Margin",
        "The logit of a class less that of another, by default the highest of all others. It is "
        "positive where the first class is ahead, and the nearer to 0, the less it takes to change "
        "the prediction.",
        "Schapire et al. 1998, Boosting the margin: a new explanation for the effectiveness of "
        "voting methods",
        "10.1214/aos/1024691352",
    ),
    Entry(
        "Matthews correlation coefficient (MCC)",
        "The correlation of label and prediction, from −1 to 1, 0 for a prediction without "
        "information. Unlike accuracy and F1 it is high only where all four cells of the "
        "confusion matrix are good.",
        "Chicco and Jurman 2020, The advantages of the Matthews correlation coefficient (MCC) "
        "over F1 score and accuracy in binary classification evaluation",
        "10.1186/s12864-019-6413-7",
    ),
    Entry(
        "Max-sensitivity",
        "A measure of the stability of a map: its largest relative change under noise too small to "
        "see. Lower is better, but a map that ignores the image is perfectly stable.",
        "Yeh et al. 2019, On the (in)fidelity and sensitivity of explanations",
        "10.48550/arXiv.1901.09392",
    ),
    Entry(
        "McNemar's test",
        "Compares the decisions of two classifiers on the same images by those in which only one "
        "of them is right. Here it is exact and over patients: each patient's difference could as "
        "well have had the other sign.",
        "McNemar 1947, Note on the sampling error of the difference between correlated proportions "
        "or percentages",
        "10.1007/BF02295996",
    ),
    Entry(
        "Merged classes",
        "Several classes that are taken as one: their probability is the sum, and a confusion "
        "among them is no error. The decision stays that among all classes, so that merging "
        "after the fact tells what the confusions cost.",
        "Esteva et al. 2017, Dermatologist-level classification of skin cancer with deep neural "
        "networks",
        "10.1038/nature21056",
    ),
    Entry(
        "Model parameter randomisation test (MPRT)",
        "A sanity check: layers are given random weights, cascading from the output to the input, "
        "and the map is computed anew each time. A map that stays the same does not explain what "
        "the network has learnt.",
        "Adebayo et al. 2018, Sanity checks for saliency maps",
        "10.48550/arXiv.1810.03292",
    ),
    Entry(
        "Multi-reader multi-case analysis",
        "Comparing ways of reading where several readers read the same cases. Readers and "
        "cases are both draws, so that a difference holds for other readers and other cases, "
        "not for these alone.",
        "Obuchowski and Rockette 1995, Hypothesis testing of diagnostic accuracy for multiple"
        " readers and multiple tests",
        "10.1080/03610919508813243",
    ),
    Entry(
        "Near-duplicate",
        "An image that shows the same as another in a file of its own: saved anew, resized, "
        "cropped or turned. Where one is in training and the other in the test set, the test "
        "measures memory.",
        "Barz and Denzler 2020, Do we train on test data? Purging CIFAR of near-duplicates",
        "10.3390/jimaging6060041",
    ),
    Entry(
        "Nearest neighbours",
        "The images whose features are closest to those of an image, here always of other patients "
        "where these are known. Their classes show what the network takes for similar.",
        "Cover and Hart 1967, Nearest neighbor pattern classification",
        "10.1109/TIT.1967.1053964",
    ),
    Entry(
        "Occlusion",
        "An attribution method: a square is moved over the image, and each position gets what the "
        "target loses where it is covered. It needs no gradients, and one forward pass for each "
        "position.",
        "Zeiler and Fergus 2014, Visualizing and understanding convolutional networks",
        "10.1007/978-3-319-10590-1_53",
    ),
    Entry(
        "One-vs-rest",
        "Treating a problem of many classes as one of two: a class against all others together. "
        "Sensitivity, specificity and AUC of a class are measures of this kind.",
        "Galar et al. 2011, An overview of ensemble methods for binary classifiers in multi-class "
        "problems: experimental study on one-vs-one and one-vs-all schemes",
        "10.1016/j.patcog.2011.01.017",
    ),
    Entry(
        "Operating point",
        "The pair of sensitivity and specificity that a decision rule gives, a point of the ROC "
        "curve. Another threshold on the score is another operating point of the same classifier.",
        "Metz 1978, Basic principles of ROC analysis",
        "10.1016/S0001-2998(78)80014-2",
    ),
    Entry(
        "Out-of-distribution score",
        "How far an image lies from the training images in the network's features, such as "
        "Mahalanobis' distance to the nearest class. Where a data set has classes that the "
        "network does not know, a ROC curve tells how well the score finds them.",
        "Lee et al. 2018, A simple unified framework for detecting out-of-distribution samples "
        "and adversarial attacks",
        "10.48550/arXiv.1807.03888",
    ),
    Entry(
        "Partial AUC",
        "The area under that part of the ROC curve that matters, here above a sensitivity of 80 "
        "%, where few images of the class are missed. On McClish's scale 0.5 is chance and 1 no "
        "error.",
        "McClish 1989, Analyzing a portion of the ROC curve",
        "10.1177/0272989X8900900307",
    ),
    Entry(
        "Permutation test",
        "A test that compares a statistic with its values when labels are exchanged at random. The "
        "p-value is the share of draws that are at least as extreme, the observed one included.",
        "Phipson and Smyth 2010, Permutation p-values should never be zero: calculating exact "
        "p-values when permutations are randomly drawn",
        "10.2202/1544-6115.1585",
    ),
    Entry(
        "Pointing game",
        "A measure of localisation: whether the highest value of a map lies inside a region, such "
        "as the lesion. It is the share of images that are hit, and is high for a point in the "
        "centre where lesions lie there.",
        "Zhang et al. 2018, Top-down neural attention by excitation backprop",
        "10.1007/s11263-017-1059-x",
    ),
    Entry(
        "Precision-recall curve",
        "The positive predictive value of a class (precision) by its sensitivity (recall), as the "
        "threshold falls. Unlike the ROC curve it depends on how frequent the class is, which is "
        "the precision by chance.",
        "Saito and Rehmsmeier 2015, The precision-recall plot is more informative than the ROC "
        "plot when evaluating binary classifiers on imbalanced datasets",
        "10.1371/journal.pone.0118432",
    ),
    Entry(
        "Prediction set",
        "All classes that are probable enough that the set holds the true one in a wanted share of "
        "images, by conformal prediction: the bound is fitted on validation images. Marginal sets "
        "hold it in the mean of all images, class-conditional ones in each class.",
        "Sadinle et al. 2019, Least ambiguous set-valued classifiers with bounded error levels",
        "10.1080/01621459.2017.1395341",
    ),
    Entry(
        "Predictive values (PPV, NPV)",
        "The share of images predicted as a class that are of it, and of those not predicted "
        "that are not. They follow the prevalence, so that those of a data set hold elsewhere "
        "only at the same one.",
        "Altman and Bland 1994, Diagnostic tests 2: predictive values",
        "10.1136/bmj.309.6947.102",
    ),
    Entry(
        "Principal component analysis (PCA)",
        "A projection on the orthogonal directions in which the features vary most. It is linear, "
        "so that distances in the plane are never larger than among the features.",
        "Jolliffe and Cadima 2016, Principal component analysis: a review and recent developments",
        "10.1098/rsta.2015.0202",
    ),
    Entry(
        "Reference input",
        "The image that stands for “nothing is there” in an attribution method, such as black or a "
        "blurred version; also called baseline. Maps explain the difference to it, so that another "
        "one gives another map.",
        "Sturmfels et al. 2020, Visualizing the impact of feature attribution baselines",
        "10.23915/distill.00022",
    ),
    Entry(
        "Relevance mass",
        "A measure of localisation: the share of a map's positive values that lies inside a "
        "region. Unlike the pointing game it counts the whole map.",
        "Arras et al. 2022, CLEVR-XAI: a benchmark dataset for the ground truth evaluation of "
        "neural network explanations",
        "10.1016/j.inffus.2021.11.008",
    ),
    Entry(
        "RISE",
        "An attribution method: the image is seen through random masks, and each pixel gets the "
        "mean of the target over the masks that leave it, less the mean over all. It needs no "
        "gradients, and one forward pass for each mask.",
        "Petsiuk et al. 2018, RISE: randomized input sampling for explanation of black-box models",
        "10.48550/arXiv.1806.07421",
    ),
    Entry(
        "Risk–coverage curve",
        "The share of errors among the images that a classifier is surest of, by the share of "
        "images that are kept. The others are those on which it would abstain; the area under the "
        "curve is low where errors are the least sure.",
        "Geifman and El-Yaniv 2017, Selective classification for deep neural networks",
        "10.48550/arXiv.1705.08500",
    ),
    Entry(
        "ROAD (remove and debias)",
        "A measure of faithfulness: pixels are removed by noisy linear imputation, once the most "
        "and once the least important first, and the target is compared. Higher is better; the "
        "imputation is to keep the shape of the removed area from giving the class away.",
        "Rong et al. 2022, A consistent and efficient evaluation strategy for attribution methods",
        "10.48550/arXiv.2202.00449",
    ),
    Entry(
        "Robustness",
        "How far a prediction stays under changes that do not change the diagnosis, such as "
        "rotation, blur, light, hair or a ruler. It is given by the margin under each "
        "perturbation.",
        "Hendrycks and Dietterich 2019, Benchmarking neural network robustness to common "
        "corruptions and perturbations",
        "10.48550/arXiv.1903.12261",
    ),
    Entry(
        "ROC curve",
        "Sensitivity against 1 − specificity for all thresholds on the score of a class. Each "
        "point of it is an operating point.",
        "Fawcett 2006, An introduction to ROC analysis",
        "10.1016/j.patrec.2005.10.010",
    ),
    Entry(
        "Sensitivity",
        "The share of the images of a class that are predicted as that class. It is also called "
        "recall or true positive rate.",
        "Altman and Bland 1994, Diagnostic tests 1: sensitivity and specificity",
        "10.1136/bmj.308.6943.1552",
    ),
    Entry(
        "SmoothGrad",
        "An attribution method: the mean of gradients over copies of the image with random noise. "
        "It shows less noise than one gradient, and differs from seed to seed.",
        "Smilkov et al. 2017, SmoothGrad: removing noise by adding noise",
        "10.48550/arXiv.1706.03825",
    ),
    Entry(
        "Softmax probability",
        "The exponentials of an image's logits, divided by their sum. It ranks classes as the "
        "logits do; networks are usually too sure, so that it is no frequency of being right.",
        "Guo et al. 2017, On calibration of modern neural networks",
        "10.48550/arXiv.1706.04599",
    ),
    Entry(
        "Specificity",
        "The share of the images of all other classes that are not predicted as the class. It is "
        "high for every rare class, since most images are of others.",
        "Altman and Bland 1994, Diagnostic tests 1: sensitivity and specificity",
        "10.1136/bmj.308.6943.1552",
    ),
    Entry(
        "Structural similarity (SSIM)",
        "A measure of how alike two images or maps are, from means, variances and covariance in "
        "small windows. It is 1 for equal ones; MPRT gives it beside the rank correlation.",
        "Wang et al. 2004, Image quality assessment: from error visibility to structural "
        "similarity",
        "10.1109/TIP.2003.819861",
    ),
    Entry(
        "Subgroup",
        "The images of one value of a column, such as a sex, site or device, or of a cluster of "
        "the features. Its measure stands beside that of all other images, with the difference, "
        "an interval over patients and a correction for the number of groups.",
        "Seyyed-Kalantari et al. 2021, Underdiagnosis bias of artificial intelligence "
        "algorithms applied to chest radiographs in under-served patient populations",
        "10.1038/s41591-021-01595-0",
    ),
    Entry(
        "Successive halving",
        "A search over settings that trains all candidates briefly, stops the worse half, and goes "
        "on with the rest. It spends most of the time on the candidates that look best early.",
        "Jamieson and Talwalkar 2015, Non-stochastic best arm identification and hyperparameter "
        "optimization",
        "10.48550/arXiv.1502.07943",
    ),
    Entry(
        "Superpixel",
        "A small connected region of pixels of like colour, found by clustering. Counterfactuals, "
        "LIME and KernelSHAP cover or replace whole superpixels instead of pixels.",
        "Achanta et al. 2012, SLIC superpixels compared to state-of-the-art superpixel methods",
        "10.1109/TPAMI.2012.120",
    ),
    Entry(
        "t-SNE",
        "A projection to two dimensions that keeps near images near. Distances between clusters, "
        "their sizes and empty space mean little.",
        "Poličar et al. 2024, openTSNE: a modular Python library for t-SNE dimensionality "
        "reduction and embedding",
        "10.18637/jss.v109.i03",
    ),
    Entry(
        "Temperature scaling",
        "Dividing all logits by one number, fitted on validation patients, before the softmax. "
        "It changes how sure a network is, and never which class it predicts.",
        "Guo et al. 2017, On calibration of modern neural networks",
        "10.48550/arXiv.1706.04599",
    ),
    Entry(
        "Top-1 accuracy",
        "The share of images whose predicted class is their label. Frequent classes weigh more in "
        "it than rare ones.",
        "Russakovsky et al. 2015, ImageNet large scale visual recognition challenge",
        "10.1007/s11263-015-0816-y",
    ),
    Entry(
        "UMAP",
        "A projection to two dimensions that keeps each image near its nearest neighbours in a "
        "graph of them. As with t-SNE, distances between clusters mean little.",
        "McInnes et al. 2018, UMAP: uniform manifold approximation and projection for dimension "
        "reduction",
        "10.48550/arXiv.1802.03426",
    ),
    Entry(
        "Vote",
        "The logit that one head gives for a class, its share in the summed logit. Heads are "
        "combined by the sum rule: the class with the highest sum is predicted.",
        "Kittler et al. 1998, On combining classifiers",
        "10.1109/34.667881",
    ),
    Entry(
        "Vote map",
        "The additive decomposition of the summed logit drawn on the image: the terms of all "
        "heads, each at its own resolution, added up. It explains the decision of all heads "
        "together in one forward pass.",
        "Zhu et al. 2021, A deep learning based framework for diagnosing multiple skin diseases "
        "in a clinical environment",
        "10.3389/fmed.2021.626369",
    ),
    Entry(
        "Wilson's score interval",
        "A confidence interval of a share, made of all shares that a test would not reject. It "
        "stays within 0 and 1 and has a length where no or all images are right.",
        "Wilson 1927, Probable inference, the law of succession, and statistical inference",
        "10.1080/01621459.1927.10502953",
    ),
    Entry(
        "Worst slices",
        "Sets of images, described by one to three values of columns, in which errors are most "
        "frequent. They are found on half of the patients and confirmed on the other half, "
        "since the worst of many is bad by chance alone.",
        "Oakden-Rayner et al. 2020, Hidden stratification causes clinically meaningful failures "
        "in machine learning for medical imaging",
        "10.1145/3368555.3384468",
    ),
    Entry(
        "Youden index",
        "Sensitivity plus specificity less 1, the height of the ROC curve above chance. The "
        "threshold with the highest one weighs a missed image and a false alarm by the class's "
        "frequency, which need not be what they cost.",
        "Perkins and Schisterman 2006, The inconsistency of optimal cutpoints obtained using "
        "two criteria based on the receiver operating characteristic curve",
        "10.1093/aje/kwj063",
    ),
)
"""In alphabetical order."""
